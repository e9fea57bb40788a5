// --daemon: a child goes on, in a session of its own, with nothing of its starter's but stdin, which
// holds the key and is let go once it is read. The starter waits until the child serves or has ended, so
// that its exit code is the start's, and shows what was said meanwhile.

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "launcher.h"

static void refuse(const char *path, const char *reason) {
  fail(EXIT_RUNTIME, "choose another path for --log-file, one that is yours to write", "cannot write --log-file: %s %s",
       path, reason);
}

static int open_log(const char *given) {
  char path[PATH_MAX], folder[PATH_MAX], where[PATH_MAX];
  if (!make_absolute_path(path, given)) refuse(given, strerror(errno));
  snprintf(folder, sizeof folder, "%s", path);
  const char *reason = find_foreign_folder(dirname(folder), false, where);
  if (reason != NULL) refuse(where, reason);
  int log = open_own_file(path, O_RDWR | O_APPEND, &reason);
  if (log < 0) refuse(path, reason == NULL ? strerror(errno) : reason);
  return log;
}

static void show_log(int log, off_t from) {
  char text[4096];
  for (ssize_t length; (length = pread(log, text, sizeof text, from)) > 0; from += length) {
    if (write(STDERR_FILENO, text, (size_t)length) < 0) return;
  }
}

static void wait_for_start(pid_t child, int ready, int log, off_t log_start) {
  char answer;
  ssize_t got;
  do got = read(ready, &answer, 1);
  while (got < 0 && errno == EINTR);
  int status = 0;
  if (got <= 0) {
    while (waitpid(child, &status, 0) < 0 && errno == EINTR) continue;
  }
  show_log(log, log_start);
  if (got > 0) _exit(0);
  if (WIFEXITED(status)) _exit(WEXITSTATUS(status) == 0 ? EXIT_RUNTIME : WEXITSTATUS(status));
  fprintf(stderr, "codex: error: the start was ended by signal %d\n", WTERMSIG(status));
  _exit(EXIT_RUNTIME);
}

static void become(int fd, int number) {
  if (dup2(fd, number) != number) fail(EXIT_LAUNCHER, NULL, "cannot become a daemon: %s", strerror(errno));
}

// Returns in the child alone, with the end of a pipe at READY_FD to tell that it serves.
void become_daemon(const char *log_file) {
  int log = open_log(log_file);
  off_t log_start = lseek(log, 0, SEEK_END);
  int ready[2];
  if (pipe2(ready, O_CLOEXEC) != 0) fail(EXIT_LAUNCHER, NULL, "cannot become a daemon: %s", strerror(errno));
  pid_t child = fork();
  if (child < 0) fail(EXIT_LAUNCHER, NULL, "cannot become a daemon: %s", strerror(errno));
  if (child > 0) {
    close(ready[1]);
    wait_for_start(child, ready[0], log, log_start);
  }
  setsid();
  become(ready[1], READY_FD);
  // A question on the terminal would go into the log, where nobody sees it.
  if (isatty(STDIN_FILENO)) become(open("/dev/null", O_RDONLY | O_CLOEXEC), STDIN_FILENO);
  become(log, STDOUT_FILENO);
  become(log, STDERR_FILENO);
  close(ready[0]);
  if (ready[1] != READY_FD) close(ready[1]);
  else fcntl(READY_FD, F_SETFD, 0);
  close(log);
}
