// The way to the service manager, sd_notify(3): connected here, before the policies that would forbid
// it, so that they need no exception. Who sends a message is looked at by the kernel when it is sent.

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "launcher.h"

#ifdef __linux__

static int connect_to(const char *path) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  size_t length = strlen(path);
  if ((path[0] != '/' && path[0] != '@') || length >= sizeof address.sun_path) {
    errno = EINVAL;
    return -1;
  }
  memcpy(address.sun_path, path, length);
  if (path[0] == '@') address.sun_path[0] = '\0';
  size_t bytes = offsetof(struct sockaddr_un, sun_path) + length + (path[0] == '@' ? 0 : 1);
  int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0 || connect(fd, (struct sockaddr *)&address, (socklen_t)bytes) == 0) return fd;
  int error = errno;
  close(fd);
  errno = error;
  return -1;
}

bool connect_to_service_manager(void) {
  const char *path = getenv("NOTIFY_SOCKET");
  if (path == NULL || path[0] == '\0') return false;
  int fd = connect_to(path);
  if (fd >= 0) {
    place_descriptor(fd, NOTIFY_FD);
    return true;
  }
  // No reason not to serve.
  fprintf(stderr, "codex: warning: cannot reach the service manager by NOTIFY_SOCKET: %s\n", strerror(errno));
  return false;
}

long long watchdog_interval_usec(void) {
  const char *interval = getenv("WATCHDOG_USEC"), *pid = getenv("WATCHDOG_PID");
  if (interval == NULL || interval[0] < '0' || interval[0] > '9' || strlen(interval) > 15) return 0;
  char own[32];
  snprintf(own, sizeof own, "%d", getpid());
  if (pid != NULL && strcmp(pid, own) != 0) return 0;
  char *end;
  long long usec = strtoll(interval, &end, 10);
  return *end == '\0' ? usec : 0;
}

#else
bool connect_to_service_manager(void) { return false; }
long long watchdog_interval_usec(void) { return 0; }
#endif
