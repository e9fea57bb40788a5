// What must be taken away before Node exists, because it is inherited by every thread from here on
// and Node could not give it up later: core dumps, new privileges, bind(2), io_uring.

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

#include "launcher.h"

void refuse_core_dumps(void) {
  struct rlimit none = {0, 0};
  if (setrlimit(RLIMIT_CORE, &none) != 0) {
    fail(EXIT_CORE_LIMIT, NULL, "setrlimit(RLIMIT_CORE, 0) failed: %s", strerror(errno));
  }
}

#ifdef __linux__
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include "../seccomp-arch.h"

// Since Linux 5.1 these numbers are the same on every architecture.
enum { NR_IO_URING_SETUP = 425, NR_IO_URING_ENTER = 426, NR_IO_URING_REGISTER = 427 };

void refuse_new_privileges(void) {
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) {
    fail(EXIT_LAUNCHER, NULL, "prctl(PR_SET_NO_NEW_PRIVS) failed: %s", strerror(errno));
  }
}

#define ANSWER(nr, error) \
  BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (nr), 0, 1), BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (error))

// bind: SIGUSR1 makes Node 20 open an inspector, by which any local user could run code in the
// process; without bind it cannot listen, whatever signal or flag arrives.
// io_uring: reads and writes past every later filter. ENOSYS, and here rather than in the running
// process, because Node 24 sets its rings up at start and aborts when they are denied afterwards.
void deny_bind_and_io_uring(void) {
  struct sock_filter filter[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, NATIVE_ARCH, 1, 0),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
#if defined(__x86_64__)
      BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, X32_SYSCALL_BIT, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
#endif
      ANSWER(SYS_bind, EACCES),
      ANSWER(NR_IO_URING_SETUP, ENOSYS),
      ANSWER(NR_IO_URING_ENTER, ENOSYS),
      ANSWER(NR_IO_URING_REGISTER, ENOSYS),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  struct sock_fprog program = {.len = sizeof filter / sizeof *filter, .filter = filter};
  if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0) {
    // Reported, not fatal: the proxy sees that it can bind, and says so in --check and at the start.
    fprintf(stderr, "codex: warning: this kernel takes no seccomp filter (%s); an inspector could listen\n",
            strerror(errno));
  }
}
#else
void refuse_new_privileges(void) {}
void deny_bind_and_io_uring(void) {}
#endif
