// The process that the caller started, while the sandbox runs below it: passes signals on, stops when the
// command stops and ends as it has ended, by the same signal where it was one.

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sandbox.h"

static sigset_t before;

// All but those that stop a job: the terminal sends them to the command as well.
static void signals_to_wait_for(sigset_t *set) {
  sigfillset(set);
  static const int left_alone[] = {SIGTSTP, SIGTTIN, SIGTTOU, SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP, SIGSYS};
  for (size_t i = 0; i < sizeof left_alone / sizeof *left_alone; i++) sigdelset(set, left_alone[i]);
}

void block_signals(void) {
  sigset_t set;
  signals_to_wait_for(&set);
  signal(SIGCHLD, SIG_DFL);  // who ignores it is not told how a child ended
  sigprocmask(SIG_BLOCK, &set, &before);
}

void restore_signals(void) { sigprocmask(SIG_SETMASK, &before, NULL); }

// What the terminal sends, it sends to the whole group; only what a process sent to this one is passed on.
static void pass_on(const struct signalfd_siginfo *info, pid_t child, int wishes) {
  if (info->ssi_code > 0) return;
  unsigned char number = (unsigned char)info->ssi_signo;
  if (wishes >= 0) {
    if (send(wishes, &number, 1, MSG_NOSIGNAL | MSG_DONTWAIT) != 1) return;  // it has ended
  } else {
    sigqueue(child, number, (union sigval){.sival_int = FORWARDED});
  }
}

// Only a parent is told that a process stopped, and the command's parent is not its caller.
static void stop_as_well(void) {
  sigset_t pending;
  if (sigpending(&pending) == 0 && sigismember(&pending, SIGCONT)) return;  // it goes on already
  kill(getpid(), SIGSTOP);
}

// `messages`, or -1: where it is written that the command stopped, and, by the namespace's first process, how
// it ended while others still run. `wishes`, or -1: where the numbers of signals are written for the command.
struct ending wait_for_end(pid_t child, int messages, int wishes) {
  sigset_t set;
  signals_to_wait_for(&set);
  int signals = signalfd(-1, &set, SFD_CLOEXEC);
  if (signals < 0) refuse(SANDBOX_REFUSED, NULL, "cannot wait for signals: %s", strerror(errno));
  struct ending ending;
  for (;;) {
    struct pollfd sources[] = {{.fd = messages, .events = POLLIN}, {.fd = signals, .events = POLLIN}};
    if (poll(sources, 2, -1) < 0) continue;
    if (sources[0].revents != 0) {
      if (read(messages, &ending, sizeof ending) != sizeof ending) {
        messages = -1;  // the first process was ended from outside: as it ended, so does this one
      } else if (WIFSTOPPED(ending.status)) {
        stop_as_well();
      } else {
        break;
      }
    }
    struct signalfd_siginfo info;
    if (sources[1].revents != 0 && read(signals, &info, sizeof info) == sizeof info && info.ssi_signo != SIGCHLD) {
      pass_on(&info, child, wishes);
    }
    ending = (struct ending){0};
    if (messages < 0 && waitpid(child, &ending.status, WNOHANG) == child) break;
  }
  close(signals);
  return ending;
}

// The other end of both, where bubblewrap's processes lie between: the command's parent inside.
void wait_inside(pid_t command, int outside) {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGCHLD);
  int signals = signalfd(-1, &set, SFD_CLOEXEC);
  if (signals < 0) refuse(SANDBOX_REFUSED, NULL, "cannot wait for signals: %s", strerror(errno));
  for (;;) {
    struct pollfd sources[] = {{.fd = outside, .events = POLLIN}, {.fd = signals, .events = POLLIN}};
    if (poll(sources, 2, -1) < 0) continue;
    unsigned char number;
    if (sources[0].revents != 0) {
      bool is_alive = read(outside, &number, 1) == 1;
      kill(command, is_alive ? number : SIGKILL);  // bubblewrap may have come too late to see its parent end
      if (!is_alive) outside = -1;
    }
    struct signalfd_siginfo info;
    if (sources[1].revents != 0 && read(signals, &info, sizeof info) != sizeof info) continue;
    struct ending ending;
    memset(&ending, 0, sizeof ending);
    if (waitpid(command, &ending.status, WNOHANG | WUNTRACED) != command) continue;
    if (!WIFSTOPPED(ending.status)) end_as(ending.status);
    if (outside >= 0 && send(outside, &ending, sizeof ending, MSG_NOSIGNAL) < 0) outside = -1;
  }
}

void end_as(int status) {
  if (WIFEXITED(status)) _exit(WEXITSTATUS(status));
  int signal_number = WTERMSIG(status);
  struct rlimit none = {0, 0};
  setrlimit(RLIMIT_CORE, &none);
  signal(signal_number, SIG_DFL);
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, signal_number);
  kill(getpid(), signal_number);
  sigprocmask(SIG_UNBLOCK, &set, NULL);
  _exit(128 + signal_number);
}
