// trace-parent KEY COMMAND...: a debugger that starts its victim, and looks for the key in its memory
// two seconds later. ptrace(2), PTRACE_TRACEME.

#include <signal.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <time.h>
#include "outcome.h"

static int search(pid_t pid, const char *key) {
  char path[64];
  snprintf(path, sizeof path, "/proc/%d/mem", pid);
  int mem = open(path, O_RDONLY | O_CLOEXEC);
  snprintf(path, sizeof path, "/proc/%d/maps", pid);
  FILE *maps = fopen(path, "re");
  return maps == NULL || mem < 0 ? 1 : search_mappings(maps, read_mem, &mem, key);
}

int main(int argc, char **argv) {
  if (argc < 3) return 2;
  pid_t child = fork();
  if (child == 0) {
    ptrace(PTRACE_TRACEME, 0, 0, 0);
    execvp(argv[2], argv + 2);
    _exit(127);
  }
  struct timespec pause = {0, 1000000};
  time_t deadline = time(NULL) + 3;
  while (time(NULL) < deadline) {
    int status;
    if (waitpid(child, &status, WNOHANG | __WALL) != child) {
      nanosleep(&pause, NULL);
      continue;
    }
    if (WIFEXITED(status)) say(WEXITSTATUS(status) == 9 ? "refuses to start" : "no effect");
    if (WIFSIGNALED(status)) say("no effect");
    int signal = WSTOPSIG(status) == SIGTRAP ? 0 : WSTOPSIG(status);
    ptrace(PTRACE_CONT, child, 0, signal);
  }
  int found = search(child, argv[1]);
  kill(child, SIGKILL);
  say_found(found);
}
