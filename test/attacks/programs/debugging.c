// debugging CALL PID KEY: what system calls let one process do to another. ptrace(2),
// process_vm_readv(2), pidfd_getfd(2), kcmp(2), perf_event_open(2), move_pages(2).

#include <linux/kcmp.h>
#include <linux/perf_event.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>

#include "outcome.h"

enum { NR_PIDFD_OPEN = 434, NR_PIDFD_GETFD = 438 };

static ssize_t read_vm(void *context, void *into, size_t length, unsigned long address) {
  struct iovec local = {into, length}, remote = {(void *)address, length};
  return process_vm_readv(*(pid_t *)context, &local, 1, &remote, 1, 0);
}

static FILE *open_maps(pid_t pid) {
  char path[64];
  snprintf(path, sizeof path, "/proc/%d/maps", pid);
  return fopen(path, "re");
}

static void read_by_call(pid_t pid, const char *key) {
  FILE *maps = open_maps(pid);
  if (maps != NULL) say_found(search_mappings(maps, read_vm, &pid, key));
  // The addresses are not known then, but could be guessed: it is the call that must be refused.
  char byte;
  if (read_vm(&pid, &byte, 1, 0x400000) == 1 || errno == EFAULT) say("gets process");
  say_errno();
}

static ssize_t peek(void *context, void *into, size_t length, unsigned long address) {
  char path[64];
  snprintf(path, sizeof path, "/proc/%d/mem", *(pid_t *)context);
  static int mem = -1;
  if (mem < 0) mem = open(path, O_RDONLY | O_CLOEXEC);
  return pread(mem, into, length, (off_t)address);
}

static void trace(pid_t pid, bool seize, const char *key) {
  if (ptrace(seize ? PTRACE_SEIZE : PTRACE_ATTACH, pid, 0, 0) != 0) say_errno();
  if (seize) ptrace(PTRACE_INTERRUPT, pid, 0, 0);
  int status;
  waitpid(pid, &status, __WALL);
  FILE *maps = open_maps(pid);
  int found = maps == NULL ? 0 : search_mappings(maps, peek, &pid, key);
  ptrace(PTRACE_DETACH, pid, 0, 0);
  kill(pid, SIGCONT);
  say(found == 2 ? "gets key" : "gets process");
}

static void sample(pid_t pid) {
  struct perf_event_attr attributes = {
      .type = PERF_TYPE_SOFTWARE,
      .size = sizeof attributes,
      .config = PERF_COUNT_SW_CPU_CLOCK,
      .sample_period = 1000000,
      .sample_type = PERF_SAMPLE_STACK_USER | PERF_SAMPLE_REGS_USER,
      .sample_stack_user = 4096,
      .sample_regs_user = 1,
      .exclude_kernel = 1,
      .exclude_hv = 1,
  };
  if (syscall(SYS_perf_event_open, &attributes, pid, -1, -1, 0) < 0) say_errno();
  say("gets process");
}

int main(int argc, char **argv) {
  if (argc != 4) return 2;
  const char *call = argv[1], *key = argv[3];
  pid_t pid = atoi(argv[2]);
  long result = 0;
  if (strcmp(call, "process_vm_readv") == 0) read_by_call(pid, key);
  if (strcmp(call, "attach") == 0) trace(pid, false, key);
  if (strcmp(call, "seize") == 0) trace(pid, true, key);
  if (strcmp(call, "perf") == 0) sample(pid);
  if (strcmp(call, "pidfd_getfd") == 0) {
    int pidfd = (int)syscall(NR_PIDFD_OPEN, pid, 0);
    if (pidfd < 0) say_errno();
    result = syscall(NR_PIDFD_GETFD, pidfd, 2, 0);
  } else if (strcmp(call, "kcmp") == 0) {
    result = syscall(SYS_kcmp, pid, getpid(), KCMP_FILES, 0, 0);
  } else if (strcmp(call, "move_pages") == 0) {
    void *page = (void *)0x400000;
    int status;
    result = syscall(SYS_move_pages, pid, 1, &page, NULL, &status, 0);
  } else {
    return 2;
  }
  if (result < 0) say_errno();
  say("gets process");
}
