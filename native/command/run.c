// codex-command: runs one command as the leader of a session of its own, with pipes or a terminal, and is the
// one parent that everything below it comes back to.
//
//   codex-command [--terminal ROWSxCOLUMNS] [--argv0 NAME] [--parent PID] -- FILE [ARGUMENT]...
//
// It ends as the command has ended: 128 + the number for a signal, 127 and 126 as a shell for what cannot be
// started. SIGTERM, which it also gets when its own parent has died, and the signals of a terminal end the
// command with everything that came out of it. What the command has left in the background when it ends by
// itself goes on.

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../launcher/launcher.h"
#include "command.h"

#ifdef __linux__
#include <sys/prctl.h>
#endif

// After the command's end: as much as a terminal holds by itself, and how long it may be silent.
enum { LAST_LOADS = 256, SILENCE_MS = 100 };
enum { EXIT_NOT_EXECUTABLE = 126, EXIT_NOT_FOUND = 127, EXIT_SIGNAL = 128 };

struct wishes {
  bool has_terminal;
  unsigned short rows, columns;
  pid_t parent;  // 0 where it does not matter
  char *argv0;
  char **command;
};

static void parse_command(char **argv, struct wishes *wishes) {
  *wishes = (struct wishes){0};
  int at = 1;
  for (; argv[at] != NULL && strcmp(argv[at], "--") != 0; at += 2) {
    char *value = argv[at + 1], rest;
    if (value != NULL && strcmp(argv[at], "--argv0") == 0) {
      wishes->argv0 = value;
    } else if (value != NULL && strcmp(argv[at], "--parent") == 0 && sscanf(value, "%d%c", &wishes->parent, &rest) == 1) {
      continue;
    } else if (value != NULL && strcmp(argv[at], "--terminal") == 0 &&
               sscanf(value, "%hux%hu%c", &wishes->rows, &wishes->columns, &rest) == 2) {
      wishes->has_terminal = true;
    } else {
      fail(EXIT_USAGE, "codex-command [--terminal ROWSxCOLUMNS] [--argv0 NAME] [--parent PID] -- FILE [ARGUMENT]...",
           "unexpected argument: %s", argv[at]);
    }
  }
  if (argv[at] == NULL || argv[at + 1] == NULL) fail(EXIT_USAGE, NULL, "a command to run is wanted after --");
  wishes->command = argv + at + 1;
}

static int wake[2];
static volatile sig_atomic_t is_told_to_end;

static void on_signal(int number) {
  if (number != SIGCHLD) is_told_to_end = 1;
  int problem = errno;
  if (write(wake[1], "", 1) < 0) errno = problem;  // full: then it is readable anyway
  errno = problem;
}

static const int watched[] = {SIGCHLD, SIGTERM, SIGINT, SIGHUP, SIGQUIT};

static void watch_signals(pid_t parent) {
  if (pipe(wake) != 0) fail(EXIT_RUNTIME, NULL, "cannot make a pipe: %s", strerror(errno));
  for (int i = 0; i < 2; i++) {
    fcntl(wake[i], F_SETFD, FD_CLOEXEC);
    fcntl(wake[i], F_SETFL, O_NONBLOCK);
  }
  struct sigaction action = {.sa_handler = on_signal};
  sigemptyset(&action.sa_mask);
  for (size_t i = 0; i < sizeof watched / sizeof *watched; i++) sigaction(watched[i], &action, NULL);
  signal(SIGPIPE, SIG_IGN);
#ifdef __linux__
  prctl(PR_SET_PDEATHSIG, SIGTERM);
#endif
  if (parent != 0 && getppid() != parent) is_told_to_end = 1;  // it has died before it could be watched
}

static void __attribute__((noreturn)) become_command_in_session(const struct wishes *wishes,
                                                                const struct terminal *terminal, pid_t runner) {
  for (size_t i = 0; i < sizeof watched / sizeof *watched; i++) signal(watched[i], SIG_DFL);
  signal(SIGPIPE, SIG_DFL);
#ifdef __linux__
  prctl(PR_SET_PDEATHSIG, SIGKILL);  // whoever kills the runner does not set the command free
#endif
  if (getppid() != runner) _exit(EXIT_NOT_EXECUTABLE);
  if (setsid() < 0 || (wishes->has_terminal && !take_terminal(terminal))) {
    fprintf(stderr, "codex: error: the terminal cannot be taken: %s\n", strerror(errno));
    _exit(EXIT_NOT_EXECUTABLE);
  }
  char *file = wishes->command[0];
  if (wishes->argv0 != NULL) wishes->command[0] = wishes->argv0;
  execvp(file, wishes->command);
  int problem = errno;
  // As env(1) and shells say it.
  fprintf(stderr, "%s: %s\n", file, strerror(problem));
  _exit(problem == ENOENT ? EXIT_NOT_FOUND : EXIT_NOT_EXECUTABLE);
}

static bool has_ended(pid_t command, int *status) {
  int how;
  bool is_over = false;
  for (pid_t child; (child = waitpid(-1, &how, WNOHANG)) > 0;) {
    if (child != command) continue;
    *status = how;
    is_over = true;
  }
  return is_over;
}

static int exit_of(int status) {
  return WIFSIGNALED(status) ? EXIT_SIGNAL + WTERMSIG(status) : WEXITSTATUS(status);
}

// Input goes to the terminal and what it shows to the output, until the command has ended. Then what it has
// shown last, but not what is typed or shown behind its end.
static int watch(pid_t command, struct load *input, struct load *output, int slave) {
  int status = 0, last_loads = LAST_LOADS;
  bool is_over = false;
  while (!is_over || (!is_delivered(output) && last_loads > 0)) {
    struct pollfd sources[5] = {{.fd = wake[0], .events = POLLIN}};
    plan_load(input, &sources[1], &sources[2]);
    plan_load(output, &sources[3], &sources[4]);
    int ready = poll(sources, 5, is_over && !is_waiting_for_reader(output) ? SILENCE_MS : -1);
    if (ready == 0) break;
    if (ready > 0) {
      char letters[64];
      while (read(wake[0], letters, sizeof letters) > 0) continue;
      carry_load(input, &sources[1], &sources[2]);
      carry_load(output, &sources[3], &sources[4]);
      if (is_over && sources[3].revents != 0) last_loads--;
    }
    if (is_told_to_end) {
      end_descendants(is_over ? 0 : command);
      return EXIT_SIGNAL + SIGTERM;
    }
    if (!is_over && has_ended(command, &status)) {
      is_over = true;
      input->from = input->to = -1;
      if (slave >= 0) close(slave);
    }
  }
  return exit_of(status);
}

int run_command(int argc, char **argv) {
  (void)argc;
  struct wishes wishes;
  parse_command(argv, &wishes);
  close_inherited_descriptors(3);
  static struct load input = {.from = -1, .to = -1}, output = {.from = -1, .to = -1};
  struct terminal terminal = {.master = -1, .slave = -1};
  if (wishes.has_terminal) {
    if (!open_terminal(&terminal, wishes.rows, wishes.columns)) {
      fail(EXIT_RUNTIME, NULL, "a terminal cannot be made: %s", strerror(errno));
    }
    input.from = 0;
    input.to = output.from = terminal.master;
    output.to = 1;
    fcntl(1, F_SETFL, fcntl(1, F_GETFL) | O_NONBLOCK);
  } else {
    dup2(1, 2);  // one stream, so that what is read is in the order in which it was written
#ifdef __linux__
    replace_sockets_by_pipes();
#endif
  }
  watch_signals(wishes.parent);
  adopt_orphans();
  if (is_told_to_end) return EXIT_SIGNAL + SIGTERM;
  pid_t runner = getpid(), command = fork();
  if (command == 0) become_command_in_session(&wishes, &terminal, runner);
  if (command < 0) fail(EXIT_RUNTIME, NULL, "cannot fork: %s", strerror(errno));
  if (!wishes.has_terminal) {
    // Whoever reads the output to its end waits for the command, not for this.
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    for (int fd = 0; fd <= 2; fd++) dup2(null, fd);
  }
  return watch(command, &input, &output, terminal.slave);
}
