// Makes sure that Node starts with stdio, the descriptors passed on purpose, and no others: an
// inherited one could be a way to write into the process or out of it.

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "launcher.h"

// A closed 0, 1 or 2 would be handed out for the next socket or file and then read as a key or
// written as a log. stdin becomes an empty file, which the key reader names as the mistake it is.
void open_missing_stdio(void) {
  for (int fd = 0; fd <= 2; fd++) {
    if (fcntl(fd, F_GETFD) != -1) continue;
    if (open("/dev/null", fd == 0 ? O_RDONLY : O_WRONLY) != fd) {
      fail(EXIT_LAUNCHER, NULL, "cannot open /dev/null: %s", strerror(errno));
    }
  }
}

// Held on to through the closing of the inherited ones, in ascending order.
static int kept[16];
static int kept_count;

int keep_descriptor(int fd) {
  int moved = kept_count == sizeof kept / sizeof *kept ? -1 : fcntl(fd, F_DUPFD_CLOEXEC, FIRST_KEPT_FD);
  if (moved < 0) fail(EXIT_LAUNCHER, "raise the limit on open files: ulimit -n 1024", "cannot keep a descriptor");
  close(fd);
  int place = kept_count++;
  for (; place > 0 && kept[place - 1] > moved; place--) kept[place] = kept[place - 1];
  kept[place] = moved;
  return moved;
}

void place_descriptor(int fd, int at) {
  if (fd == at) {
    fcntl(fd, F_SETFD, 0);
    return;
  }
  if (dup2(fd, at) != at) fail(EXIT_LAUNCHER, NULL, "cannot pass a descriptor on: %s", strerror(errno));
  close(fd);
}

static bool is_kept(int fd) {
  for (int i = 0; i < kept_count; i++) {
    if (kept[i] == fd) return true;
  }
  return false;
}

#ifdef SYS_close_range
static bool close_between_kept(int first) {
  unsigned from = (unsigned)first;
  for (int i = 0; i < kept_count; i++) {
    unsigned next = (unsigned)kept[i];
    if (next > from && syscall(SYS_close_range, from, next - 1, 0) != 0) return false;
    from = next + 1;
  }
  return syscall(SYS_close_range, from, ~0U, 0) == 0;
}
#endif

void close_inherited_descriptors(int first) {
#ifdef SYS_close_range
  if (close_between_kept(first)) return;
#endif
  // Before Linux 5.9, and on macOS: by the list the system gives.
#ifdef __linux__
  DIR *directory = opendir("/proc/self/fd");
#else
  DIR *directory = opendir("/dev/fd");
#endif
  if (directory == NULL) fail(EXIT_LAUNCHER, "mount /proc", "cannot list open descriptors: %s", strerror(errno));
  for (struct dirent *entry; (entry = readdir(directory)) != NULL;) {
    int fd = atoi(entry->d_name);
    if (fd >= first && fd != dirfd(directory) && !is_kept(fd)) close(fd);
  }
  closedir(directory);
}
