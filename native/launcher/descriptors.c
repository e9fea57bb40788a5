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

void close_inherited_descriptors(int first) {
#ifdef SYS_close_range
  if (syscall(SYS_close_range, first, ~0U, 0) == 0) return;
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
    if (fd >= first && fd != dirfd(directory)) close(fd);
  }
  closedir(directory);
}
