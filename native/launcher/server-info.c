// The claim on a server info file: taken before the key is read, held until the file is written. The
// temporary file that becomes server info is the lock, flock(2), so that of two starts at once one wins,
// the rename ends the claim, and a start that ends in any other way leaves nothing that could block.

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <netinet/in.h>
#include <poll.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "launcher.h"

static char claim_path[PATH_MAX];

static void refuse(const char *path, const char *reason) {
  fail(EXIT_RUNTIME, "choose another path for --server-info, one that is yours to write",
       "cannot write --server-info: %s %s", path, reason);
}

static void refuse_errno(const char *path) {
  int error = errno;
  fail(EXIT_RUNTIME, "choose another path for --server-info, one that is yours to write",
       "cannot write --server-info %s: %s", path, strerror(error));
}

static void refuse_foreign_target(const char *path) {
  struct stat status;
  if (lstat(path, &status) != 0) return;
  if (S_ISLNK(status.st_mode)) refuse(path, "is a symbolic link");
  if (!S_ISREG(status.st_mode)) refuse(path, "exists and is not a file");
  if (status.st_uid != geteuid()) refuse(path, "belongs to another user");
}

// What follows `"name":` in text that was written by JSON.stringify.
static const char *member(const char *text, const char *name) {
  char key[32];
  snprintf(key, sizeof key, "\"%s\":", name);
  const char *found = strstr(text, key);
  return found == NULL ? NULL : found + strlen(key);
}

static unsigned long long number_of(const char *text, const char *name) {
  const char *value = member(text, name);
  return value == NULL || *value < '0' || *value > '9' ? 0 : strtoull(value, NULL, 10);
}

// Empty where it is missing, or too long to be what it should be.
static void text_of(const char *text, const char *name, char *out, size_t size) {
  out[0] = '\0';
  const char *value = member(text, name);
  if (value == NULL || *value != '"') return;
  size_t length = strcspn(value + 1, "\"\\");
  if (length >= size) return;
  memcpy(out, value + 1, length);
  out[length] = '\0';
}

static bool connects_to(const struct sockaddr *address, socklen_t length) {
  int fd = socket(address->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return false;
  int error = connect(fd, address, length) == 0 ? 0 : errno;
  if (error == EINPROGRESS) {
    struct pollfd event = {.fd = fd, .events = POLLOUT};
    socklen_t size = sizeof error;
    if (poll(&event, 1, 1000) != 1 || getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) != 0) error = ETIMEDOUT;
  }
  close(fd);
  return error == 0 || error == EAGAIN;  // of a unix socket: its queue is full
}

// On 127.0.0.1, unless there is another address: "127.0.0.2", or "[::1]".
static bool is_reachable_by_tcp(const char *text) {
  in_port_t port = htons((unsigned short)number_of(text, "port"));
  if (port == 0) return false;
  char host[64];
  text_of(text, "host", host, sizeof host);
  struct sockaddr_in6 six = {.sin6_family = AF_INET6, .sin6_port = port};
  host[strcspn(host, "]")] = '\0';
  if (host[0] == '[' && inet_pton(AF_INET6, host + 1, &six.sin6_addr) == 1) {
    return connects_to((struct sockaddr *)&six, sizeof six);
  }
  struct sockaddr_in four = {.sin_family = AF_INET, .sin_port = port};
  if (inet_pton(AF_INET, host, &four.sin_addr) != 1) four.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return connects_to((struct sockaddr *)&four, sizeof four);
}

static bool is_reachable(const char *text) {
  if (is_reachable_by_tcp(text)) return true;
  struct sockaddr_un local = {.sun_family = AF_UNIX};
  text_of(text, "socket", local.sun_path, sizeof local.sun_path);
  size_t length = strlen(local.sun_path);
  if (length == 0) return false;
  socklen_t size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length);
  if (local.sun_path[0] == '@') local.sun_path[0] = '\0';
  else size++;
  return connects_to((struct sockaddr *)&local, size);
}

// The proxy that wrote the file, where it still runs; 0 for none.
static pid_t find_live_proxy(const char *path) {
  int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
  if (fd < 0) return 0;
  char text[16 * 1024];
  ssize_t length = read(fd, text, sizeof text - 1);
  close(fd);
  if (length <= 0) return 0;
  text[length] = '\0';
  struct process_identity identity = {.pid = (pid_t)number_of(text, "pid"),
                                      .start_ticks = number_of(text, "start_ticks")};
  text_of(text, "boot_id", identity.boot_id, sizeof identity.boot_id);
  text_of(text, "pid_namespace", identity.pid_namespace, sizeof identity.pid_namespace);
  if (identity.pid <= 0) return 0;  // not server info: replaced, as it always was
  enum liveness liveness = liveness_of(&identity);
  if (liveness == DEAD || (liveness == UNKNOWN && !is_reachable(text))) return 0;
  return identity.pid;
}

static bool is_still_named(int fd, const char *path) {
  struct stat open_file, named;
  return fstat(fd, &open_file) == 0 && lstat(path, &named) == 0 && open_file.st_ino == named.st_ino &&
         open_file.st_dev == named.st_dev;
}

static int lock_claim(void) {
  // Longer than a janitor or another start holds it that finds the file taken.
  for (int tries = 0; tries < 50; tries++) {
    const char *reason;
    int fd = open_own_file(claim_path, O_RDWR, &reason);
    if (fd < 0 && reason == NULL) refuse_errno(claim_path);
    if (fd < 0) refuse(claim_path, reason);
    bool is_locked = flock(fd, LOCK_EX | LOCK_NB) == 0;
    if (!is_locked && errno != EWOULDBLOCK) refuse_errno(claim_path);
    if (is_locked && is_still_named(fd, claim_path)) return fd;
    close(fd);
    struct timespec pause = {.tv_nsec = is_locked ? 0 : 20 * 1000 * 1000};
    nanosleep(&pause, NULL);
  }
  return -1;
}

static void give_claim_up(void) {
  unlink(claim_path);  // this process still holds the lock
}

// Leaves at SERVER_INFO_FD the file that is to become server info. Gives up where a proxy that runs has
// written that file, or another start is about to.
void claim_server_info(const char *given) {
  char path[PATH_MAX], folder[PATH_MAX], where[PATH_MAX];
  if (!make_absolute_path(path, given) || strlen(path) + sizeof ".tmp" > sizeof path) refuse_errno(given);
  snprintf(folder, sizeof folder, "%s", path);
  const char *folder_path = dirname(folder);
  const char *reason = make_own_folders(folder_path, false, where);
  if (reason != NULL) refuse(where, reason);
  refuse_foreign_target(path);

  snprintf(claim_path, sizeof claim_path, "%.*s.tmp", (int)(sizeof claim_path - sizeof ".tmp"), path);
  int fd = lock_claim();
  pid_t live = find_live_proxy(path);
  if (live != 0) {
    if (fd >= 0) give_claim_up();
    fail(EXIT_RUNTIME, "stop it by codex-responses-api-proxy stop --server-info FILE, or give another FILE",
         "a proxy with this --server-info runs already: process %d wrote %s", live, path);
  }
  if (fd < 0) {
    fail(EXIT_RUNTIME, "wait for it, or give another FILE",
         "another proxy with this --server-info is just being started: %s", path);
  }
  if (dup2(fd, SERVER_INFO_FD) != SERVER_INFO_FD) refuse_errno(claim_path);
  if (fd != SERVER_INFO_FD) close(fd);
  else fcntl(fd, F_SETFD, 0);
  atexit(give_claim_up);
}
