// A name that must not be made in a writable folder, `.git` say, is held by an empty folder over which a
// read-only mount lies. When the last sandbox that relies on it has ended, the folder is removed again, by
// the process that made it: the remover, which neither a signal to the command's group, nor the death of the
// helper, nor the end of the helper's descendants reaches.
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
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sandbox.h"

enum { PLACEHOLDER_MODE = 01555 };
enum { LOCK_TRIES = 100, LOCK_PAUSE_US = 1000 };

struct placeholder {
  int folder, place;
  const char *name;
};
struct placeholders {
  struct placeholder *made;
  size_t count;
};

// Whoever holds the exclusive lock is about to remove it; a command that holds one for longer, of a folder
// that it made to look like ours, does not keep anybody waiting.
static bool lock(int fd) {
  for (int tries = 0; tries < LOCK_TRIES; tries++) {
    if (flock(fd, LOCK_SH | LOCK_NB) == 0) return true;
    usleep(LOCK_PAUSE_US);
  }
  return false;
}

// Opens and locks it if it is one of ours; -1 when it is something else, or gone.
static int hold(int folder, const char *name) {
  int fd = openat(folder, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (fd < 0) return -1;
  struct stat status;
  if (fstat(fd, &status) == 0 && (status.st_mode & 07777) == PLACEHOLDER_MODE && lock(fd) &&
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

static void add(struct placeholders *list, int folder, int place, const char *name) {
  list->made = realloc(list->made, (list->count + 1) * sizeof *list->made);
  if (list->made == NULL) refuse(SANDBOX_REFUSED, NULL, "out of memory");
  list->made[list->count++] = (struct placeholder){.folder = folder, .place = place, .name = name};
}

// The folder is kept open as long as it is needed.
static bool hold_or_make(int folder, const char *name, struct placeholders *list) {
  for (int tries = 0; tries < 1000; tries++) {
    // With its mode at once, so that there is no moment in which it would not be known as ours.
    bool is_made = mkdirat(folder, name, PLACEHOLDER_MODE) == 0;
    if (!is_made && errno != EEXIST) {
      if (is_impossible_anyway(errno)) return false;
      refuse(SANDBOX_REFUSED, NULL, "cannot keep %s from being made: %s", name, strerror(errno));
    }
    int place = hold(folder, name);
    struct stat status;
    if (place < 0 && fstatat(folder, name, &status, AT_SYMLINK_NOFOLLOW) != 0) continue;  // removed just now
    if (place < 0) return false;                                                         // somebody's own
    add(list, folder, place, name);
    return true;
  }
  refuse(SANDBOX_REFUSED, NULL, "cannot keep %s from being made: others keep removing it", name);
}

static bool is_ours_or_missing(const char *path) {
  struct stat status;
  if (lstat(path, &status) != 0) return errno == ENOENT;
  return S_ISDIR(status.st_mode) && (status.st_mode & 07777) == PLACEHOLDER_MODE;
}

static int open_folder_of(const char *path) {
  char folder[PATH_MAX + NAME_MAX + 2];
  snprintf(folder, sizeof folder, "%s", path);
  *strrchr(folder, '/') = '\0';
  int place = open_without_links(folder);
  if (place < 0) return -1;
  int readable = openat(place, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  close(place);
  return readable;
}

static void hold_all(const struct path_list *protected, bool makes, struct placeholders *list) {
  umask(0);
  for (size_t i = 0; i < protected->count; i++) {
    const char *path = protected->paths[i], *name = strrchr(path, '/') + 1;
    int folder = is_ours_or_missing(path) ? open_folder_of(path) : -1;
    if (folder < 0) continue;
    int place = makes ? -1 : hold(folder, name);
    if (place >= 0) add(list, folder, place, name);
    if (makes ? !hold_or_make(folder, name, list) : place < 0) close(folder);
  }
}

static void remove_all(const struct placeholders *list) {
  for (size_t i = 0; i < list->count; i++) {
    const struct placeholder *placeholder = &list->made[i];
    if (flock(placeholder->place, LOCK_EX | LOCK_NB) != 0) continue;  // another sandbox's now
    struct stat held, named;
    bool is_named = fstat(placeholder->place, &held) == 0 &&
                    fstatat(placeholder->folder, placeholder->name, &named, AT_SYMLINK_NOFOLLOW) == 0 &&
                    held.st_dev == named.st_dev && held.st_ino == named.st_ino;
    if (is_named) unlinkat(placeholder->folder, placeholder->name, AT_REMOVEDIR);
  }
}

static void __attribute__((noreturn)) be_remover(const struct path_list *protected, int ended, int said) {
  setsid();
  prctl(PR_SET_NAME, "codex-remover");  // by it ../command/descendants.c knows what to leave alone
  sigset_t all;
  sigfillset(&all);
  sigprocmask(SIG_SETMASK, &all, NULL);
  struct placeholders placeholders = {0};
  hold_all(protected, true, &placeholders);
  int null = open("/dev/null", O_RDWR | O_CLOEXEC);
  for (int fd = 0; fd <= 2; fd++) dup2(null, fd);  // whoever reads to the end does not wait for this process
  // Where the helper has ended already, nobody reads: there is all the more to remove.
  bool is_heard = write(said, "", 1) == 1 && chdir("/") == 0;
  struct pollfd until = {.fd = ended, .events = POLLIN};
  while (poll(&until, 1, -1) < 0 && errno == EINTR) continue;
  remove_all(&placeholders);
  if (is_heard) is_heard = write(said, "", 1) == 1;
  _exit(is_heard ? 0 : 1);
}

// `ended` becomes readable when the sandbox's last process has ended, for which `not_its_own` must be closed
// in all others.
struct remover make_placeholders(const struct path_list *protected, int ended, int not_its_own) {
  struct remover remover = {.said = -1};
  bool has_work = false;
  for (size_t i = 0; i < protected->count; i++) has_work |= is_ours_or_missing(protected->paths[i]);
  if (!has_work) return remover;
  int said[2];
  if (pipe2(said, O_CLOEXEC) != 0) refuse(SANDBOX_REFUSED, NULL, "cannot make a pipe: %s", strerror(errno));
  pid_t child = fork();
  if (child < 0) refuse(SANDBOX_REFUSED, NULL, "cannot fork: %s", strerror(errno));
  if (child == 0) {
    close(not_its_own);
    close(said[0]);
    signal(SIGPIPE, SIG_IGN);
    // Nobody's child, so that who ends the helper with all its descendants does not find it.
    pid_t grandchild = fork();
    if (grandchild == 0) be_remover(protected, ended, said[1]);
    _exit(grandchild < 0 ? 1 : 0);
  }
  close(said[1]);
  waitpid(child, NULL, 0);
  char letter;
  if (read(said[0], &letter, 1) != 1) _exit(SANDBOX_REFUSED);  // it has said why
  remover.said = said[0];
  return remover;
}

// Until nothing is left; where the remover was killed, what it made is removed here.
void wait_for_removal(struct remover *remover, const struct path_list *protected) {
  if (remover->said < 0) return;
  char letter;
  bool is_done = read(remover->said, &letter, 1) == 1;
  close(remover->said);
  remover->said = -1;
  if (is_done) return;
  struct placeholders left = {0};
  hold_all(protected, false, &left);
  remove_all(&left);
}
