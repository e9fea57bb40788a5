// read-at-death SIGNAL PID KEY: kills a process and reads its memory when it has died of the signal but
// its memory still stands: what a crash collector, or a hypervisor, would see. ptrace(2),
// PTRACE_EVENT_EXIT.

#include <signal.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <time.h>
#include "outcome.h"

int main(int argc, char **argv) {
  if (argc != 4) return 2;
  int signal = atoi(argv[1]);
  pid_t pid = atoi(argv[2]);
  char path[64];
  snprintf(path, sizeof path, "/proc/%d/mem", pid);
  int mem = open(path, O_RDONLY | O_CLOEXEC);
  snprintf(path, sizeof path, "/proc/%d/maps", pid);
  if (mem < 0 || ptrace(PTRACE_SEIZE, pid, 0, PTRACE_O_TRACEEXIT) != 0) say_errno();

  struct timespec pause = {0, 1000000};
  for (int waited = 0; waited < 6000; waited++) {
    // More than once: a handler may take the first for its own.
    if (waited % 1500 == 0) kill(pid, signal);
    int status;
    if (waitpid(pid, &status, WNOHANG | __WALL) != pid) {
      nanosleep(&pause, NULL);
      continue;
    }
    if (!WIFSTOPPED(status)) say("no effect");
    if (status >> 8 == (SIGTRAP | PTRACE_EVENT_EXIT << 8)) {
      FILE *maps = fopen(path, "re");
      int found = maps == NULL ? 0 : search_mappings(maps, read_mem, &mem, argv[3]);
      ptrace(PTRACE_DETACH, pid, 0, 0);
      say_found(found);
    }
    ptrace(PTRACE_CONT, pid, 0, status >> 16 != 0 ? 0 : WSTOPSIG(status));
  }
  say("no effect");
}
