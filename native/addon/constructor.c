// Runs when the dynamic loader maps the addon, before any JavaScript of ours and before the C++
// globals of this file's neighbours: so plain data only, and system calls that cannot fail halfway.
// In the command line the environment and the core limit stay: children get both. It holds no key.
// prctl(2), setrlimit(2). Not covered: a /proc/PID/mem handle opened between exec and this point.

#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "../allowed-environment.h"
#include "../codex-variables.h"
#include "../wipe.h"

#ifdef __linux__
#include <sys/prctl.h>
#elif defined(__APPLE__)
#include <sys/ptrace.h>
#endif

extern char **environ;

static void leave(int code, const char *message) {
  ssize_t ignored = write(STDERR_FILENO, message, strlen(message));
  (void)ignored;
  _exit(code);
}

// The launcher says it by a variable that no proxy of its making can have: the environment of one that
// holds a key is built from allowed-environment.h, and that of the proxy's commands is rid of it. Whoever
// starts Node himself can say it too, and could as well have left the addon out.
static bool is_command_line(void) {
  static const char name[] = LAUNCHER_VARIABLE "=";
  for (char **entry = environ; *entry != NULL; entry++) {
    if (strncmp(*entry, name, sizeof name - 1) == 0) return true;
  }
  return false;
}

// Lower than the hard limit is always allowed; where it fails, it stays as Node has it.
static void restore_open_files_limit(void) {
  const char *text = getenv(OPEN_FILES_VARIABLE);
  struct rlimit limit;
  if (text == NULL || getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  char *end;
  unsigned long long wanted = strtoull(text, &end, 10);
  if (end == text || *end != '\0' || wanted > limit.rlim_max) return;
  limit.rlim_cur = (rlim_t)wanted;
  (void)setrlimit(RLIMIT_NOFILE, &limit);
}

// A script's own handler takes the place of what is ignored here, as it would anywhere.
static void ignore_signals_again(void) {
  const char *text = getenv(IGNORED_SIGNALS_VARIABLE);
  while (text != NULL && *text != '\0') {
    char *end;
    long number = strtol(text, &end, 10);
    if (end == text) return;
    if (number == SIGHUP || number == SIGINT || number == SIGQUIT || number == SIGTERM) {
      signal((int)number, SIG_IGN);
    }
    text = *end == ',' ? end + 1 : end;
  }
}

// Node 24 with --disable-sigusr1 blocks the signal, so that no script could pass it on to a command.
static void let_sigusr1_in(void) {
  sigset_t only;
  sigemptyset(&only);
  sigaddset(&only, SIGUSR1);
  (void)sigprocmask(SIG_UNBLOCK, &only, NULL);
}

static void scrub_environment(void) {
  char **kept = environ;
  for (char **entry = environ; *entry != NULL; entry++) {
    if (is_allowed_variable(*entry)) {
      *kept++ = *entry;
    } else {
      wipe(*entry, strlen(*entry));  // what /proc/PID/environ shows, not only the table
    }
  }
  *kept = NULL;
}

__attribute__((constructor)) static void harden(void) {
#ifdef __linux__
  // exec made the process dumpable again.
  if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0 || prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) != 0) {
    leave(5, "codex: error: prctl(PR_SET_DUMPABLE, 0) failed\n");
  }
#elif defined(__APPLE__)
  if (ptrace(PT_DENY_ATTACH, 0, 0, 0) != 0) leave(6, "codex: error: ptrace(PT_DENY_ATTACH) failed\n");
#endif
  if (is_command_line()) {
    restore_open_files_limit();
    ignore_signals_again();
    let_sigusr1_in();
    return;
  }
  struct rlimit none = {0, 0};
  if (setrlimit(RLIMIT_CORE, &none) != 0) leave(7, "codex: error: setrlimit(RLIMIT_CORE, 0) failed\n");
  scrub_environment();
}
