// Node's "pipe" is a socket, and a socket cannot be opened by name: `echo >/dev/stderr` fails, and so does
// `cat /dev/stdin`. So the command gets real pipes in the place of such sockets, and a process behind each
// carries the bytes over and ends with its writers or its reader.

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../launcher/launcher.h"
#include "command.h"

static bool write_all(int to, const char *bytes, ssize_t length) {
  while (length > 0) {
    ssize_t written = write(to, bytes, (size_t)length);
    if (written < 0 && errno == EINTR) continue;
    if (written < 0 && errno == EAGAIN) {  // the caller's own descriptor may not wait
      poll(&(struct pollfd){.fd = to, .events = POLLOUT}, 1, -1);
      continue;
    }
    if (written < 0) return false;
    bytes += written;
    length -= written;
  }
  return true;
}

static void __attribute__((noreturn)) carry(int from, int to) {
  char bytes[65536];
  for (;;) {
    // A pipe or socket whose reader has ended says so without being written to.
    struct pollfd ends[] = {{.fd = from, .events = POLLIN}, {.fd = to}};
    if (poll(ends, 2, -1) < 0 && errno == EINTR) continue;
    if ((ends[1].revents & (POLLERR | POLLHUP)) != 0) _exit(0);
    if (ends[0].revents == 0) continue;
    ssize_t length = read(from, bytes, sizeof bytes);
    if (length < 0 && (errno == EINTR || errno == EAGAIN)) continue;
    if (length <= 0 || !write_all(to, bytes, length)) _exit(0);
  }
}

static bool is_socket(int fd) {
  struct stat status;
  return fstat(fd, &status) == 0 && S_ISSOCK(status.st_mode);
}

static void replace(int fd) {
  int ends[2];
  int socket = fcntl(fd, F_DUPFD_CLOEXEC, 3);
  if (socket < 0 || pipe2(ends, O_CLOEXEC) != 0) fail(EXIT_RUNTIME, NULL, "cannot make a pipe: %s", strerror(errno));
  int ours = fd == 0 ? ends[1] : ends[0], theirs = fd == 0 ? ends[0] : ends[1];
  pid_t child = fork();
  if (child < 0) fail(EXIT_RUNTIME, NULL, "cannot fork: %s", strerror(errno));
  if (child == 0) {
    // Nobody's child and in a session of its own: who ends the command still gets what it wrote.
    if (setsid() < 0 || fork() != 0) _exit(0);
    sigset_t all;
    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, NULL);
    signal(SIGPIPE, SIG_IGN);
    int from = fcntl(fd == 0 ? socket : ours, F_DUPFD_CLOEXEC, 10), to = fcntl(fd == 0 ? ours : socket, F_DUPFD_CLOEXEC, 10);
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    for (int given = 0; given <= 2; given++) dup2(null, given);
    for (int other = 3; other < 10; other++) close(other);
    if (from < 0 || to < 0 || chdir("/") != 0) _exit(1);
    carry(from, to);
  }
  waitpid(child, NULL, 0);
  dup2(theirs, fd);
  close(theirs);
  close(ours);
  close(socket);
}

// After the inherited descriptors were closed, so that nothing else lies below 10.
void replace_sockets_by_pipes(void) {
  struct stat out, error;
  bool is_same = is_socket(1) && is_socket(2) && fstat(1, &out) == 0 && fstat(2, &error) == 0 && out.st_ino == error.st_ino;
  for (int fd = 0; fd <= 2; fd++) {
    if (fd == 2 && is_same) dup2(1, 2);
    else if (is_socket(fd)) replace(fd);
  }
}
