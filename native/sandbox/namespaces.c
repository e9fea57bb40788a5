// The sandbox in namespaces of its own: mounts, processes, System V IPC; for a user without rights, also
// the user namespace that lets him have them, in which he is who he was.
//
// Three processes: the one that the caller started (supervise.c), the first of the namespace, which waits
// for everything in it, and the command, which alone is confined by Landlock and the filter and is all that
// runs code of others. What the command leaves running stays confined, until it ends by itself.

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sandbox.h"

enum { NR_PIDFD_OPEN = 434 };

static bool write_file(const char *path, const char *text) {
  int fd = open(path, O_WRONLY | O_CLOEXEC);
  if (fd < 0) return false;
  bool is_written = write(fd, text, strlen(text)) == (ssize_t)strlen(text);
  close(fd);
  return is_written;
}

struct identity {
  bool own_users;  // needed by who may not mount
  uid_t uid;
  gid_t gid;
};

static struct identity own_identity(void) {
  return (struct identity){.own_users = !may_administer(), .uid = geteuid(), .gid = getegid()};
}

static bool keep_ids(const struct identity *identity) {
  char map[64];
  if (!identity->own_users) return true;
  prctl(PR_SET_DUMPABLE, 1);  // or the files below belong to root
  write_file("/proc/self/setgroups", "deny");
  snprintf(map, sizeof map, "%u %u 1\n", identity->uid, identity->uid);
  if (!write_file("/proc/self/uid_map", map)) return false;
  snprintf(map, sizeof map, "%u %u 1\n", identity->gid, identity->gid);
  return write_file("/proc/self/gid_map", map);
}

static pid_t clone_into(int flags) { return (pid_t)syscall(SYS_clone, flags | SIGCHLD, NULL, NULL, NULL, NULL); }

static int namespace_flags(const struct identity *identity, bool own_pids) {
  return CLONE_NEWNS | CLONE_NEWIPC | (own_pids ? CLONE_NEWPID : 0) | (identity->own_users ? CLONE_NEWUSER : 0);
}

// What the first process says before the command starts.
struct readiness {
  const char *failed_step;  // a constant of this program, so good in the parent as well
  int error;
};

static void say(int fd, const void *message, size_t size) {
  if (write(fd, message, size) != (ssize_t)size) _exit(SANDBOX_REFUSED);
}

static void tell(int messages, int status, bool leaves_processes) {
  struct ending ending;
  memset(&ending, 0, sizeof ending);
  ending.status = status;
  ending.leaves_processes = leaves_processes;
  say(messages, &ending, sizeof ending);
}

// Until nothing is left in the namespace. The end of the command is told at once, to let its caller go on.
static void wait_for_all(pid_t command, int messages) {
  sigset_t all;
  sigfillset(&all);
  sigprocmask(SIG_SETMASK, &all, NULL);
  int status = 0;
  bool has_ended = false, is_told = false;
  for (;;) {
    pid_t child;
    int how;
    while ((child = waitpid(-1, &how, WNOHANG | WUNTRACED)) > 0) {
      if (child != command) continue;
      if (WIFSTOPPED(how)) tell(messages, how, true);
      else has_ended = true;
      status = how;
    }
    bool is_empty = child < 0 && errno == ECHILD;
    if (has_ended && !is_told) {
      if (!is_empty) prctl(PR_SET_PDEATHSIG, 0);  // they may outlive the caller
      tell(messages, status, !is_empty);
      is_told = true;
    }
    if (is_empty) _exit(0);
    siginfo_t info;
    int number = sigwaitinfo(&all, &info);
    bool is_passed_on = info.si_code == SI_QUEUE && info.si_value.sival_int == FORWARDED;
    if (number > 0 && is_passed_on && !has_ended) kill(command, number);
  }
}

static void be_first_process(struct confinement *confinement, bool own_pids, const struct identity *identity,
                             int go, int messages) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  char letter;
  if (read(go, &letter, 1) != 1) _exit(SANDBOX_REFUSED);
  struct readiness readiness;
  memset(&readiness, 0, sizeof readiness);
  struct mount_result mounts = {.failed_step = "a user namespace"};
  if (keep_ids(identity)) mounts = make_mounts(&confinement->layout, own_pids, confinement->policy->network_access);
  readiness.failed_step = mounts.failed_step;
  readiness.error = mounts.error;
  say(messages, &readiness, sizeof readiness);
  if (readiness.failed_step != NULL) _exit(SANDBOX_REFUSED);
  if (!own_pids) prctl(PR_SET_CHILD_SUBREAPER, 1);
  prctl(PR_SET_DUMPABLE, 0);

  pid_t command = fork();
  if (command < 0) refuse(SANDBOX_REFUSED, NULL, "cannot fork: %s", strerror(errno));
  if (command == 0) {
    if (!own_pids) prctl(PR_SET_PDEATHSIG, SIGKILL);
    close(messages);
    restore_signals();
    struct surroundings surroundings = {
        .has_mounts = true,
        .has_private_shm = mounts.has_private_shm,
        .has_own_terminals = mounts.has_own_terminals,
        .has_own_pids = own_pids,
    };
    confine_and_become(confinement, &surroundings);
  }
  // Whoever reads the command's output to its end waits for the command, not for this.
  int null = open("/dev/null", O_RDWR | O_CLOEXEC);
  for (int fd = 0; fd <= 2; fd++) dup2(null, fd);
  if (chdir("/") != 0) _exit(SANDBOX_REFUSED);
  wait_for_all(command, messages);
}

// Returns when no command was started, because the kernel or its configuration does not let it.
static void try_namespaces(struct confinement *confinement, bool own_pids) {
  int go[2], messages[2];
  if (pipe2(go, O_CLOEXEC) != 0 || pipe2(messages, O_CLOEXEC) != 0) {
    refuse(SANDBOX_REFUSED, NULL, "cannot make a pipe: %s", strerror(errno));
  }
  struct identity identity = own_identity();
  block_signals();
  pid_t first = clone_into(namespace_flags(&identity, own_pids));
  if (first == 0) {
    close(go[1]);
    close(messages[0]);
    be_first_process(confinement, own_pids, &identity, go[0], messages[1]);
  }
  close(go[0]);
  close(messages[1]);
  struct readiness readiness;
  if (first > 0) {
    // Readable when the process has ended and with it all others of its namespace.
    int ended = (int)syscall(NR_PIDFD_OPEN, first, 0);
    struct remover remover = make_placeholders(&confinement->layout.protected, ended, go[1]);
    if (ended >= 0) close(ended);
    if (write(go[1], "", 1) == 1 && read(messages[0], &readiness, sizeof readiness) == sizeof readiness &&
        readiness.failed_step == NULL) {
      struct ending ending = wait_for_end(first, messages[0], -1);
      if (!ending.leaves_processes) {
        waitpid(first, NULL, 0);
        wait_for_removal(&remover, &confinement->layout.protected);
      }
      end_as(ending.status);
    }
    kill(first, SIGKILL);
    waitpid(first, NULL, 0);
    wait_for_removal(&remover, &confinement->layout.protected);
  }
  close(go[1]);
  close(messages[0]);
  restore_signals();
}

void run_in_namespaces(struct confinement *confinement) {
  try_namespaces(confinement, true);
  try_namespaces(confinement, false);  // where /proc cannot be mounted, as in many containers
}

// Tried rather than looked up: too many settings forbid it. Without effect on the files of this machine.
bool can_make_namespaces(bool *own_pids) {
  for (int attempt = 0; attempt < 2; attempt++) {
    *own_pids = attempt == 0;
    struct identity identity = own_identity();
    pid_t child = clone_into(namespace_flags(&identity, *own_pids));
    if (child < 0) continue;
    if (child == 0) {
      struct layout nothing = {0};
      _exit(keep_ids(&identity) && make_mounts(&nothing, *own_pids, false).failed_step == NULL ? 0 : 1);
    }
    int status;
    if (waitpid(child, &status, 0) == child && status == 0) return true;
  }
  return false;
}
