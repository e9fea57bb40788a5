// A name that must not be made in a writable folder, `.git` say, is held by an empty folder over which a
// read-only mount lies. When the last sandbox that relies on it has ended, the folder is removed again, by
// a process of its own that neither a signal to the command's group nor the death of the helper reaches.
//
// Sandboxes that share a folder each hold a shared lock on it; who gets the exclusive one removes it. A mode
// that nobody gives to a folder marks it, so that one left by a crash of the machine goes with the next run.

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sandbox.h"

enum { PLACEHOLDER_MODE = 01555 };

// Opens and locks it if it is one of ours; -1 when it is something else, or gone.
static int hold(int folder, const char *name) {
  int fd = openat(folder, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (fd < 0) return -1;
  struct stat status;
  if (fstat(fd, &status) == 0 && (status.st_mode & 07777) == PLACEHOLDER_MODE && flock(fd, LOCK_SH) == 0 &&
      fstat(fd, &status) == 0 && status.st_nlink > 0) {
    return fd;
  }
  close(fd);
  return -1;
}

// Where not even the folder's owner can make it, the command cannot either.
static bool is_impossible_anyway(int error) {
  return error == EACCES || error == EPERM || error == EROFS || error == ENOSPC || error == EDQUOT || error == ENOENT;
}

static void hold_or_make(int folder, const char *name, struct placeholders *list) {
  for (int tries = 0; tries < 1000; tries++) {
    bool is_made = mkdirat(folder, name, 0555) == 0;
    if (!is_made && errno != EEXIST) {
      if (is_impossible_anyway(errno)) return;
      refuse(SANDBOX_REFUSED, NULL, "cannot keep %s from being made: %s", name, strerror(errno));
    }
    if (is_made) fchmodat(folder, name, PLACEHOLDER_MODE, 0);
    int place = hold(folder, name);
    struct stat status;
    if (place < 0 && fstatat(folder, name, &status, AT_SYMLINK_NOFOLLOW) != 0) continue;  // removed just now
    if (place < 0) return;                                                               // somebody's own
    list->made = realloc(list->made, (list->count + 1) * sizeof *list->made);
    if (list->made == NULL) refuse(SANDBOX_REFUSED, NULL, "out of memory");
    list->made[list->count++] = (struct placeholder){.folder = dup(folder), .place = place, .name = name};
    return;
  }
  refuse(SANDBOX_REFUSED, NULL, "cannot keep %s from being made: others keep removing it", name);
}

void make_placeholders(const struct path_list *protected, struct placeholders *placeholders) {
  *placeholders = (struct placeholders){0};
  for (size_t i = 0; i < protected->count; i++) {
    char folder_path[PATH_MAX + NAME_MAX + 2];
    snprintf(folder_path, sizeof folder_path, "%s", protected->paths[i]);
    char *slash = strrchr(folder_path, '/');
    const char *name = protected->paths[i] + (slash - folder_path) + 1;
    *slash = '\0';
    int folder = open(slash == folder_path ? "/" : folder_path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    struct stat status;
    bool is_there = lstat(protected->paths[i], &status) == 0;
    bool may_be_ours = is_there && S_ISDIR(status.st_mode) && (status.st_mode & 07777) == PLACEHOLDER_MODE;
    if (folder >= 0 && (!is_there || may_be_ours)) hold_or_make(folder, name, placeholders);
    if (folder >= 0) close(folder);
  }
}

void close_placeholders(struct placeholders *placeholders) {
  for (size_t i = 0; i < placeholders->count; i++) {
    close(placeholders->made[i].folder);
    close(placeholders->made[i].place);
  }
  placeholders->count = 0;
}

static void remove_when_ended(const struct placeholders *placeholders, int ended) {
  setsid();
  sigset_t all;
  sigfillset(&all);
  sigprocmask(SIG_SETMASK, &all, NULL);
  int null = open("/dev/null", O_RDWR | O_CLOEXEC);
  for (int fd = 0; fd <= 2; fd++) dup2(null, fd);  // whoever reads to the end does not wait for this process
  if (chdir("/") != 0) _exit(1);
  struct pollfd until = {.fd = ended, .events = POLLIN};
  while (poll(&until, 1, -1) < 0 && errno == EINTR) continue;
  for (size_t i = 0; i < placeholders->count; i++) {
    const struct placeholder *placeholder = &placeholders->made[i];
    if (flock(placeholder->place, LOCK_EX | LOCK_NB) != 0) continue;  // another sandbox's now
    unlinkat(placeholder->folder, placeholder->name, AT_REMOVEDIR);
  }
  _exit(0);
}

// `ended` becomes readable when the sandbox's last process has ended, for which `not_its_own` must be closed
// in all others. 0 where there is nothing to remove.
pid_t fork_remover(const struct placeholders *placeholders, int ended, int not_its_own) {
  if (placeholders->count == 0) return 0;
  pid_t child = fork();
  if (child < 0) refuse(SANDBOX_REFUSED, NULL, "cannot fork: %s", strerror(errno));
  if (child == 0) {
    close(not_its_own);
    remove_when_ended(placeholders, ended);
  }
  return child;
}
