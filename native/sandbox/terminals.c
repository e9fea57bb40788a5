// The terminals that the command may open: the ones that its caller has given it, and new ones. Whoever opens
// another, of the same user or, as root, of any, reads what is typed there and writes what seems to come
// from its programs.

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "sandbox.h"

enum { TERMINAL_MAJOR = 136 };

static void add(struct terminals *terminals, dev_t device) {
  if (major(device) != TERMINAL_MAJOR) return;  // consoles and serial lines have other names
  for (size_t i = 0; i < terminals->count; i++) {
    if (terminals->numbers[i] == minor(device)) return;
  }
  terminals->numbers[terminals->count++] = minor(device);
}

void find_terminals(struct terminals *terminals) {
  *terminals = (struct terminals){0};
  struct stat status;
  for (int fd = 0; fd <= 2; fd++) {
    if (isatty(fd) && fstat(fd, &status) == 0 && S_ISCHR(status.st_mode)) add(terminals, status.st_rdev);
  }
  unsigned device;
  int controlling = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
  if (controlling < 0) return;
  if (ioctl(controlling, TIOCGDEV, &device) == 0) add(terminals, (dev_t)device);
  close(controlling);
}

void terminal_path(char path[32], unsigned number) { snprintf(path, 32, "/dev/pts/%u", number); }

static bool is_terminal(int fd, unsigned number) {
  struct stat status;
  return fstat(fd, &status) == 0 && S_ISCHR(status.st_mode) && status.st_rdev == makedev(TERMINAL_MAJOR, number);
}

// Makes the name in a new /dev/pts by making terminals until one has that number. The descriptor keeps it.
static int make_name(unsigned number) {
  int made[1024];
  unsigned count = 0;
  int found = -1;
  while (found < 0 && count < sizeof made / sizeof *made) {
    unsigned got;
    int master = open("/dev/pts/ptmx", O_RDWR | O_CLOEXEC | O_NOCTTY);
    if (master < 0) break;
    if (ioctl(master, TIOCGPTN, &got) != 0 || got > number) {
      close(master);
      break;
    }
    if (got == number) found = master;
    else made[count++] = master;
  }
  while (count > 0) close(made[--count]);
  return found;
}

static bool attach_given(const struct terminals *terminals, const int trees[]) {
  for (size_t i = 0; i < terminals->count; i++) {
    char path[32];
    terminal_path(path, terminals->numbers[i]);
    if (make_name(terminals->numbers[i]) < 0 || !attach_at(trees[i], path)) return false;
  }
  struct stat status;
  bool is_link = lstat("/dev/ptmx", &status) == 0 && S_ISLNK(status.st_mode);
  return is_link || mount("/dev/pts/ptmx", "/dev/ptmx", NULL, MS_BIND, NULL) == 0;
}

// A /dev/pts of the sandbox's own, in which the terminals given keep their names: programs look them up.
// False where it stays that of the caller.
bool make_terminals(const struct terminals *terminals) {
  int trees[sizeof terminals->numbers / sizeof *terminals->numbers];
  size_t cloned = 0;
  bool has_all = true;
  for (; has_all && cloned < terminals->count; cloned++) {
    char path[32];
    terminal_path(path, terminals->numbers[cloned]);
    trees[cloned] = clone_at(path);
    has_all = trees[cloned] >= 0 && is_terminal(trees[cloned], terminals->numbers[cloned]);
  }
  bool is_new = has_all && mount("devpts", "/dev/pts", "devpts", MS_NOSUID | MS_NOEXEC, "newinstance,ptmxmode=0666,mode=620") == 0;
  bool is_complete = is_new && attach_given(terminals, trees);
  for (size_t i = 0; i < cloned; i++) close(trees[i]);
  if (is_new && !is_complete) umount2("/dev/pts", MNT_DETACH);
  return is_complete;
}
