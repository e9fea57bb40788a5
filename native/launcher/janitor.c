// The janitor: a child of the launcher, forked before any key exists, that waits for the proxy to
// end in any way, SIGKILL included, and removes the server info and sockets that are still the proxy's
// own. pidfd_open(2), Linux 5.3; where it is missing there is no janitor, and the files stay.

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "launcher.h"

#ifdef __linux__

extern char **environ;

// The same number on every architecture since it exists.
enum { NR_PIDFD_OPEN = 434 };

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

// The lock of server-info.c: while it is held no start puts its own file where ours is looked at.
static int lock_server_info(int folder, const char *name, bool may_make) {
  char claim[NAME_MAX + 1];
  if (snprintf(claim, sizeof claim, "%s.tmp", name) >= (int)sizeof claim) return -1;
  for (;;) {
    int fd = openat(folder, claim, O_RDONLY | (may_make ? O_CREAT : 0) | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0600);
    struct stat open_file, named;
    if (fd < 0) return -1;
    // One of another user's, as in /tmp, locks nothing of ours; he could hold it for ever.
    bool is_own = fstat(fd, &open_file) == 0 && S_ISREG(open_file.st_mode) && open_file.st_uid == geteuid();
    if (!is_own || flock(fd, LOCK_EX) != 0) {
      close(fd);
      return -1;
    }
    bool is_named = fstatat(folder, claim, &named, AT_SYMLINK_NOFOLLOW) == 0 &&
                    open_file.st_ino == named.st_ino && open_file.st_dev == named.st_dev;
    if (is_named) return fd;
    close(fd);
  }
}

static void remove_server_info(const char *folder_path, const char *name, pid_t proxy, unsigned long long start_ticks) {
  int folder = open(folder_path, O_PATH | O_DIRECTORY | O_CLOEXEC);
  if (folder < 0) return;
  int lock = lock_server_info(folder, name, is_written_by(folder, name, proxy, start_ticks));
  if (is_written_by(folder, name, proxy, start_ticks)) unlinkat(folder, name, 0);
  if (lock >= 0) {
    char claim[NAME_MAX + 1];
    snprintf(claim, sizeof claim, "%s.tmp", name);
    unlinkat(folder, claim, 0);
    close(lock);
  }
  close(folder);
}

struct info_file {
  char folder_of[PATH_MAX], name_of[PATH_MAX];
  const char *folder;  // NULL where none is written
  const char *name;
};

// Returns its folder, -1 for none.
static int find_server_info(struct info_file *info, const char *path) {
  if (path == NULL) return -1;
  snprintf(info->folder_of, sizeof info->folder_of, "%s", path);
  snprintf(info->name_of, sizeof info->name_of, "%s", path);
  info->folder = dirname(info->folder_of);
  info->name = basename(info->name_of);
  return open(info->folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
}

// The starter may have the key in a variable, and this process lives as long as the proxy.
static void forget_environment(void) {
  for (char **entry = environ; *entry != NULL; entry++) explicit_bzero(*entry, strlen(*entry));
}

static void clean_up_after(pid_t proxy, int pidfd, int proxy_socket, const char *server_info,
                           struct socket_file files[SOCKET_FILES]) {
  // Everything that the starter waits for is let go: his pipes, his terminal, his process group.
  setsid();
  const int ignored[] = {SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGPIPE};
  for (size_t i = 0; i < sizeof ignored / sizeof *ignored; i++) signal(ignored[i], SIG_IGN);
  unsigned long long start_ticks = start_ticks_of(proxy, NULL);

  static struct info_file info;
  int info_folder = find_server_info(&info, server_info);

  int null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);
  for (int fd = 0; fd <= 2; fd++) dup2(null_fd, fd);
  confine_janitor(info_folder, files);

  struct pollfd events[] = {{.fd = pidfd, .events = POLLIN}, {.fd = proxy_socket, .events = POLLIN}};
  for (bool has_ended = false; !has_ended;) {
    if (poll(events, 2, -1) < 0) continue;
    has_ended = events[0].revents != 0;
    char request;
    ssize_t got = events[1].revents == 0 ? -1 : read(proxy_socket, &request, 1);
    if (got == 0) events[1].fd = -1;
    if (!has_ended && got <= 0) continue;
    if (info.folder != NULL) remove_server_info(info.folder, info.name, proxy, start_ticks);
    // The admin socket is of use until the end.
    bool is_end = has_ended || (got > 0 && request == 'e');
    for (int i = 0; i < (is_end ? SOCKET_FILES : 1); i++) remove_socket_file(&files[i]);
    if (got > 0 && write(proxy_socket, "d", 1) < 0) events[1].fd = -1;
  }
  _exit(0);
}

// Returns the proxy's end of a socket: a byte written to it asks for the removal, "r" at the beginning
// of the shutdown, "e" at its end; a byte read from it tells that it is done. The proxy itself may have lost the right to remove the file by then.
int fork_janitor(const char *server_info, struct socket_file files[SOCKET_FILES]) {
  bool has_sockets = false;
  for (int i = 0; i < SOCKET_FILES; i++) has_sockets = has_sockets || files[i].name[0] != '\0';
  if (server_info == NULL && !has_sockets) return -1;
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
    forget_environment();
    // All that the proxy is given is closed, or a lock would be held on, a pipe kept open, and a listener
    // would take connections that nobody serves any more.
    int kept[] = {fcntl(pidfd, F_DUPFD_CLOEXEC, 20), fcntl(ends[1], F_DUPFD_CLOEXEC, 20)};
    pidfd = dup2(kept[0], 3);
    int proxy_socket = dup2(kept[1], 4);
    close_inherited_descriptors(5);
    clean_up_after(proxy, pidfd, proxy_socket, server_info, files);
  }
  close(pidfd);
  close(ends[1]);
  if (child > 0) return ends[0];
  close(ends[0]);
  return -1;
}

#else
int fork_janitor(const char *server_info, struct socket_file files[SOCKET_FILES]) {
  (void)server_info, (void)files;
  return -1;
}
#endif
