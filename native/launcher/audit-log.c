// Where the audit log goes: a file that is opened once, here, and only ever appended to, or the journal's
// socket, connected. The proxy works by the descriptor alone and cannot open the file again.

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "launcher.h"

static const char journal_socket[] = "/run/systemd/journal/socket";

static void refuse(const char *path, const char *reason) {
  fail(EXIT_RUNTIME, "give stderr, journal or a file that is yours, below folders that nobody else can write",
       "--audit-log: %s %s", path, reason);
}

// Not to wait: a journal that does not keep up must not hold up the streams.
static int connect_to_journal(void) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  snprintf(address.sun_path, sizeof address.sun_path, "%s", journal_socket);
  int fd = socket(AF_UNIX, SOCK_DGRAM, 0);
  bool is_ready = fd >= 0 && fcntl(fd, F_SETFL, O_NONBLOCK) == 0;
  if (!is_ready || connect(fd, (struct sockaddr *)&address, sizeof address) != 0) {
    fail(EXIT_RUNTIME, "is systemd-journald running? else give stderr or a file", "--audit-log journal: %s: %s",
         journal_socket, strerror(errno));
  }
  return fd;
}

static int open_log_file(const char *given) {
  char path[PATH_MAX], folder[PATH_MAX], where[PATH_MAX];
  if (!make_absolute_path(path, given)) refuse(given, strerror(errno));
  snprintf(folder, sizeof folder, "%s", path);
  *strrchr(folder, '/') = '\0';
  const char *reason = find_foreign_folder(folder, false, where);
  if (reason != NULL) refuse(where, reason);

  bool is_new = access(path, F_OK) != 0;
  int fd = open_own_file(path, O_RDWR | O_APPEND, &reason);
  if (fd < 0) refuse(path, reason == NULL ? strerror(errno) : reason);
  struct stat status;
  // For a group of auditors to read, if the administrator gives it one.
  if (is_new && fchmod(fd, 0640) != 0) refuse(path, strerror(errno));
  if (fstat(fd, &status) != 0) refuse(path, strerror(errno));
  if ((status.st_mode & (S_IWGRP | S_IWOTH)) != 0) refuse(path, "can be written by others");
  // Held until the last descriptor is closed: two proxies in one file would tear each other's chain.
  if (flock(fd, LOCK_EX | LOCK_NB) != 0) refuse(path, "is the audit log of a proxy that runs");
  return fd;
}

// Returns whether there is a descriptor at AUDIT_FD now. With `may_make` false, nothing is made or kept.
bool open_audit_log(const char *where, bool may_make) {
  if (strcmp(where, "stderr") == 0 || !may_make) return false;
  int fd = strcmp(where, "journal") == 0 ? connect_to_journal() : open_log_file(where);
  if (dup2(fd, AUDIT_FD) != AUDIT_FD) refuse(where, strerror(errno));
  if (fd != AUDIT_FD) close(fd);
  else fcntl(AUDIT_FD, F_SETFD, 0);
  return true;
}
