// Runs when the dynamic loader maps the addon, before any JavaScript of ours and before the C++
// globals of this file's neighbours: so plain data only, and system calls that cannot fail halfway.
// prctl(2), setrlimit(2). Not covered: a /proc/PID/mem handle opened between exec and this point.

#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "../allowed-environment.h"
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
  struct rlimit none = {0, 0};
  if (setrlimit(RLIMIT_CORE, &none) != 0) leave(7, "codex: error: setrlimit(RLIMIT_CORE, 0) failed\n");
  scrub_environment();
}
