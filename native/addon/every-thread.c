// Some of what a thread gives up it can give up for itself alone: its bounding set, its securebits.
// The C library has no way to run something on all threads, so a signal carries it to each of them.
//
// The signal is 33, SIGSETXID, with which glibc itself does this for setuid(2): it is the one that no
// thread can have blocked. Its handler is put back afterwards, or the next setuid(2) would wait for ever.

#include "every-thread.h"

#ifdef __linux__

#include <dirent.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { CARRIER = 33, PATIENCE_MS = 1000 };

// The kernel's own layout, as sigaction(3) of the C library refuses its internal signals.
struct kernel_sigaction {
  void (*handler)(int);
  unsigned long flags;
  void (*restorer)(void);
  unsigned long mask;
};

static void (*current_step)(void);
static atomic_int done;

static void take_step(int signal_number) {
  (void)signal_number;
  current_step();
  atomic_fetch_add(&done, 1);
}

#ifdef __x86_64__
// sigreturn(2): the architecture has no default for the way back from a handler.
void every_thread_return(void) __attribute__((visibility("hidden")));
__asm__(".text\n.hidden every_thread_return\nevery_thread_return:\n  mov $15, %eax\n  syscall\n");
enum { NEEDS_RESTORER = 0x04000000 };
#define RESTORER every_thread_return
#else
enum { NEEDS_RESTORER = 0 };
#define RESTORER NULL
#endif

static int send_to_others(pid_t self) {
  DIR *tasks = opendir("/proc/self/task");
  if (tasks == NULL) return -1;
  int sent = 0;
  for (struct dirent *entry; (entry = readdir(tasks)) != NULL;) {
    pid_t thread = (pid_t)atoi(entry->d_name);
    if (thread <= 0 || thread == self) continue;
    if (syscall(SYS_tgkill, getpid(), thread, CARRIER) == 0) sent++;
  }
  closedir(tasks);
  return sent;
}

int on_every_thread(void (*step)(void)) {
  struct kernel_sigaction before, carrying;
  memset(&carrying, 0, sizeof carrying);
  carrying.handler = take_step;
  carrying.flags = SA_RESTART | NEEDS_RESTORER;
  carrying.restorer = RESTORER;

  current_step = step;
  atomic_store(&done, 0);
  if (syscall(SYS_rt_sigaction, CARRIER, &carrying, &before, sizeof carrying.mask) != 0) return -1;
  int sent = send_to_others((pid_t)syscall(SYS_gettid));
  for (int waited = 0; sent >= 0 && atomic_load(&done) < sent && waited < PATIENCE_MS; waited++) usleep(1000);
  int all = sent >= 0 && atomic_load(&done) == sent;
  syscall(SYS_rt_sigaction, CARRIER, &before, NULL, sizeof before.mask);
  step();
  return all ? 0 : -1;
}

#else
int on_every_thread(void (*step)(void)) {
  step();
  return 0;
}
#endif
