// Zeroes the key when a signal ends the process. Core files are off, but a crash handler, a debugger
// that was allowed in later, or the kernel's own oops may look at what is left. sigaction(2),
// sigaltstack(2): on a stack of its own, since an overflown stack is one of the ways to get here.

#include "fatal-signals.h"

#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>

#include "../wipe.h"

static void *secret;
static size_t secret_bytes;

// signal(7): those whose default action leaves a core file.
static const int fatal_signals[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT, SIGQUIT, SIGTRAP, SIGSYS};
enum { FATAL_SIGNALS = sizeof fatal_signals / sizeof *fatal_signals };
static struct sigaction previous[FATAL_SIGNALS];

static void wipe_and_go_on_dying(int number, siginfo_t *info, void *context) {
  (void)context;
  wipe(secret, secret_bytes);
  for (int i = 0; i < FATAL_SIGNALS; i++) {
    if (fatal_signals[i] == number) sigaction(number, &previous[i], NULL);
  }
  // A fault comes again when this returns, into whatever handled it before, which then sees where it
  // was; a signal that was sent does not.
  bool is_fault = number == SIGSEGV || number == SIGBUS || number == SIGILL || number == SIGFPE;
  if (!is_fault || info->si_code <= 0) raise(number);
}

void wipe_on_fatal_signals(void *memory, size_t bytes) {
  secret = memory;
  secret_bytes = bytes;

  enum { STACK_BYTES = 64 * 1024 };
  stack_t stack = {.ss_sp = malloc(STACK_BYTES), .ss_size = STACK_BYTES};
  if (stack.ss_sp != NULL) sigaltstack(&stack, NULL);

  struct sigaction action = {.sa_sigaction = wipe_and_go_on_dying, .sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER};
  sigemptyset(&action.sa_mask);
  for (int i = 0; i < FATAL_SIGNALS; i++) sigaction(fatal_signals[i], &action, &previous[i]);
}
