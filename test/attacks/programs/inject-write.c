// inject-write PID KEY: what active root can always do. Stops the process and has its main thread write
// the memory that holds the key to its own stderr. ptrace(2); x86-64 only.

#include <signal.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/user.h>
#include <sys/wait.h>
#include "outcome.h"

#ifdef __x86_64__

// Where the key lies: secret memory, or the first page in which it is found.
static unsigned long find_key(pid_t pid, const char *key) {
  char path[64], line[4096];
  snprintf(path, sizeof path, "/proc/%d/mem", pid);
  int mem = open(path, O_RDONLY | O_CLOEXEC);
  snprintf(path, sizeof path, "/proc/%d/maps", pid);
  FILE *maps = fopen(path, "re");
  if (mem < 0 || maps == NULL) say_errno();
  static char window[WINDOW];
  while (fgets(line, sizeof line, maps) != NULL) {
    unsigned long start, end;
    char readable;
    if (sscanf(line, "%lx-%lx %c", &start, &end, &readable) != 3) continue;
    if (strstr(line, "secretmem") != NULL) return start;
    if (readable != 'r') continue;
    for (unsigned long at = start; at < end; at += WINDOW) {
      size_t wanted = end - at < WINDOW ? end - at : WINDOW;
      ssize_t got = pread(mem, window, wanted, (off_t)at);
      char *found = got > 0 ? memmem(window, (size_t)got, key, strlen(key)) : NULL;
      if (found != NULL) return at + (unsigned long)(found - window);
    }
  }
  return 0;
}

int main(int argc, char **argv) {
  if (argc != 3) return 2;
  pid_t pid = atoi(argv[1]);
  unsigned long key_at = find_key(pid, argv[2]);
  if (key_at == 0) say("denied");
  int status;
  if (ptrace(PTRACE_SEIZE, pid, 0, 0) != 0) say_errno();
  ptrace(PTRACE_INTERRUPT, pid, 0, 0);
  waitpid(pid, &status, __WALL);

  struct user_regs_struct before, injected;
  ptrace(PTRACE_GETREGS, pid, 0, &before);
  // It waits in epoll_pwait(2), so the instruction before this one is a system call.
  if ((ptrace(PTRACE_PEEKTEXT, pid, before.rip - 2, 0) & 0xffff) != 0x050f) say("not possible here: not in a system call");
  injected = before;
  injected.rip -= 2;
  injected.orig_rax = (unsigned long long)-1;  // the interrupted call is not to be restarted
  injected.rax = SYS_write;
  injected.rdi = 2;
  injected.rsi = key_at;
  injected.rdx = strlen(argv[2]);
  ptrace(PTRACE_SETREGS, pid, 0, &injected);
  ptrace(PTRACE_SINGLESTEP, pid, 0, 0);
  waitpid(pid, &status, __WALL);
  ptrace(PTRACE_SETREGS, pid, 0, &before);
  ptrace(PTRACE_DETACH, pid, 0, 0);
  say("gets process");
}

#else
int main(void) { say("not possible here: written for x86-64"); }
#endif
