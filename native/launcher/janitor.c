// The janitor: a child of the launcher, forked before any key exists, that waits for the proxy to
// end in any way, SIGKILL included, and removes the server info that is still the proxy's own.
// pidfd_open(2), Linux 5.3; where it is missing there is no janitor, and the file stays.

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "launcher.h"

#ifdef __linux__

// The same number on every architecture since it exists.
enum { NR_PIDFD_OPEN = 434 };

// Field 22 of /proc/PID/stat, which with the pid names one process of this boot.
static unsigned long long start_ticks_of(pid_t pid) {
  char path[64], text[1024];
  snprintf(path, sizeof path, "/proc/%d/stat", pid);
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return 0;
  ssize_t length = read(fd, text, sizeof text - 1);
  close(fd);
  if (length <= 0) return 0;
  text[length] = '\0';
  char *after_name = strrchr(text, ')');  // the name may hold blanks and parentheses
  if (after_name == NULL) return 0;
  unsigned long long ticks = 0;
  int field = 2;
  for (char *word = strtok(after_name + 1, " "); word != NULL; word = strtok(NULL, " ")) {
    if (++field == 22) ticks = strtoull(word, NULL, 10);
  }
  return ticks;
}

// True when the file was written by that very process: another proxy may have replaced it since.
static bool is_written_by(int folder, const char *name, pid_t pid, unsigned long long start_ticks) {
  int fd = openat(folder, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
  if (fd < 0) return false;
  char text[1024];
  ssize_t length = read(fd, text, sizeof text - 1);
  close(fd);
  if (length <= 0) return false;
  text[length] = '\0';
  char by_pid[64], by_start[64];
  snprintf(by_pid, sizeof by_pid, "\"pid\":%d,", pid);
  snprintf(by_start, sizeof by_start, "\"start_ticks\":%llu,", start_ticks);
  return strstr(text, by_pid) != NULL && strstr(text, by_start) != NULL;
}

static void clean_up_after(pid_t proxy, int pidfd, int proxy_socket, const char *server_info) {
  // Everything that the starter waits for is let go: his pipes, his terminal, his process group.
  setsid();
  const int ignored[] = {SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGPIPE};
  for (size_t i = 0; i < sizeof ignored / sizeof *ignored; i++) signal(ignored[i], SIG_IGN);
  unsigned long long start_ticks = start_ticks_of(proxy);

  char folder_of[PATH_MAX], name_of[PATH_MAX];
  snprintf(folder_of, sizeof folder_of, "%s", server_info);
  snprintf(name_of, sizeof name_of, "%s", server_info);
  const char *folder_path = dirname(folder_of);
  const char *name = basename(name_of);
  // Folders that are missing yet are made by the proxy: held on to is the nearest that exists.
  char existing_path[PATH_MAX];
  snprintf(existing_path, sizeof existing_path, "%s", folder_path);
  int existing;
  for (char *path = existing_path;; path = dirname(path)) {
    existing = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (existing >= 0 || strcmp(path, "/") == 0 || strcmp(path, ".") == 0) break;
  }

  int null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);
  for (int fd = 0; fd <= 2; fd++) dup2(null_fd, fd);
  confine_janitor(existing);

  struct pollfd events[] = {{.fd = pidfd, .events = POLLIN}, {.fd = proxy_socket, .events = POLLIN}};
  for (bool has_ended = false; !has_ended;) {
    if (poll(events, 2, -1) < 0) continue;
    has_ended = events[0].revents != 0;
    char request;
    ssize_t got = events[1].revents == 0 ? -1 : read(proxy_socket, &request, 1);
    if (got == 0) events[1].fd = -1;
    if (!has_ended && got <= 0) continue;
    int folder = open(folder_path, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (folder >= 0 && is_written_by(folder, name, proxy, start_ticks)) unlinkat(folder, name, 0);
    if (folder >= 0) close(folder);
    if (got > 0 && write(proxy_socket, "d", 1) < 0) events[1].fd = -1;
  }
  _exit(0);
}

// Returns the proxy's end of a socket: a byte written to it asks for the removal, a byte read from it
// tells that it is done. The proxy itself may have lost the right to remove the file by then.
int fork_janitor(const char *server_info) {
  if (server_info == NULL) return -1;
  pid_t proxy = getpid();
  int pidfd = (int)syscall(NR_PIDFD_OPEN, proxy, 0);
  if (pidfd < 0) return -1;
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends) != 0) {
    close(pidfd);
    return -1;
  }
  struct timeval patience = {.tv_sec = 1};
  setsockopt(ends[0], SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  pid_t child = fork();
  if (child == 0) {
    close(LISTEN_FD);
    close(ends[0]);
    clean_up_after(proxy, pidfd, ends[1], server_info);
  }
  close(pidfd);
  close(ends[1]);
  if (child > 0) return ends[0];
  close(ends[0]);
  return -1;
}

#else
int fork_janitor(const char *server_info) {
  (void)server_info;
  return -1;
}
#endif
