// The system calls that a command may not make, by seccomp(2). Everything else is allowed: the files are
// guarded elsewhere. EPERM, so that programs fail as they do without the right; numbers are checked only
// after the architecture, so that neither the 32-bit nor the x32 table is a way around.

#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/netlink.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../seccomp-arch.h"
#include "sandbox.h"

#ifndef CLONE_NEWTIME
#define CLONE_NEWTIME 0x00000080
#endif

// Newer than the headers of some build machines; since Linux 5.1 the same on every architecture.
enum {
  NR_IO_URING_SETUP = 425,
  NR_IO_URING_ENTER = 426,
  NR_IO_URING_REGISTER = 427,
  NR_OPEN_TREE = 428,
  NR_MOVE_MOUNT = 429,
  NR_FSOPEN = 430,
  NR_FSCONFIG = 431,
  NR_FSMOUNT = 432,
  NR_FSPICK = 433,
  NR_CLONE3 = 435,
  NR_OPENAT2 = 437,
  NR_PIDFD_GETFD = 438,
  NR_PROCESS_MADVISE = 440,
  NR_MOUNT_SETATTR = 442,
  NR_QUOTACTL_FD = 443,
  NR_PROCESS_MRELEASE = 448,
  NR_FCHMODAT2 = 452,
  NR_OPEN_TREE_ATTR = 467,
};

static const int always_denied[] = {
    // other processes
    SYS_ptrace, SYS_process_vm_readv, SYS_process_vm_writev, NR_PIDFD_GETFD, SYS_kcmp, NR_PROCESS_MADVISE,
    NR_PROCESS_MRELEASE, SYS_migrate_pages, SYS_move_pages,
    // ways past this filter, or into the kernel
    NR_IO_URING_SETUP, NR_IO_URING_ENTER, NR_IO_URING_REGISTER, SYS_bpf, SYS_perf_event_open, SYS_userfaultfd,
    SYS_kexec_load,
#ifdef SYS_kexec_file_load
    SYS_kexec_file_load,
#endif
    SYS_init_module, SYS_finit_module, SYS_delete_module,
#ifdef SYS_iopl
    SYS_iopl, SYS_ioperm,
#endif
    // keys outlive the sandbox and are shared with what runs outside
    SYS_add_key, SYS_request_key, SYS_keyctl,
    // the shape of the file system
    SYS_mount, SYS_umount2, SYS_pivot_root, SYS_chroot, SYS_unshare, SYS_setns, SYS_open_by_handle_at, NR_OPEN_TREE,
    NR_OPEN_TREE_ATTR, NR_MOVE_MOUNT, NR_FSOPEN, NR_FSCONFIG, NR_FSMOUNT, NR_FSPICK, NR_MOUNT_SETATTR,
    SYS_fanotify_init, SYS_quotactl, NR_QUOTACTL_FD, SYS_swapon, SYS_swapoff, SYS_acct,
    // the machine
    SYS_reboot, SYS_sethostname, SYS_setdomainname, SYS_settimeofday, SYS_clock_settime, SYS_clock_adjtime,
    SYS_adjtimex, SYS_vhangup,
};

// What a socket that was inherited is, may be asked: output that a parent collects through a socket, as
// Node's does, is written by programs that look at it first. None of these calls reaches anybody new.
static const int denied_without_network[] = {
    SYS_connect,  SYS_accept,   SYS_accept4,  SYS_bind,       SYS_listen,
    SYS_sendto,   SYS_sendmmsg, SYS_recvmmsg, SYS_setsockopt,
};

enum { FILTER_SPACE = 512 };
static struct sock_filter filter[FILTER_SPACE];
static unsigned short length;

static void emit(struct sock_filter instruction) {
  if (length == FILTER_SPACE) refuse(SANDBOX_REFUSED, NULL, "the filter of system calls is too long");
  filter[length++] = instruction;
}

#define STATEMENT(code, k) emit((struct sock_filter)BPF_STMT((code), (k)))
#define JUMP(code, k, yes, no) emit((struct sock_filter)BPF_JUMP((code), (k), (yes), (no)))
#define ANSWER(error) STATEMENT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (error))
#define LOAD(field) STATEMENT(BPF_LD | BPF_W | BPF_ABS, (unsigned)offsetof(struct seccomp_data, field))
// The low half of an argument, which is all that the kernel looks at where it takes an int.
#define LOAD_ARGUMENT(n) \
  STATEMENT(BPF_LD | BPF_W | BPF_ABS, (unsigned)offsetof(struct seccomp_data, args) + 8 * (unsigned)(n))

static void deny(int number, int error) {
  JUMP(BPF_JMP | BPF_JEQ | BPF_K, (unsigned)number, 0, 1);
  ANSWER(error);
}

// The instructions that `body` emits are run for this system call alone. Each must end with the number
// loaded again, or the call answered.
static unsigned short begin_call(int number) {
  JUMP(BPF_JMP | BPF_JEQ | BPF_K, (unsigned)number, 0, 0);
  return (unsigned short)(length - 1);
}

static void end_call(unsigned short start) {
  LOAD(nr);
  filter[start].jf = (unsigned char)(length - start - 1);
}

static void deny_if_argument_is(unsigned value) {
  JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, 0, 1);
  ANSWER(EPERM);
}

static void refuse_other_tables(void) {
  LOAD(arch);
  JUMP(BPF_JMP | BPF_JEQ | BPF_K, NATIVE_ARCH, 1, 0);
  ANSWER(EPERM);
  LOAD(nr);
#if defined(__x86_64__)
  JUMP(BPF_JMP | BPF_JGE | BPF_K, X32_SYSCALL_BIT, 0, 1);
  ANSWER(EPERM);
#endif
}

static void refuse_namespaces(void) {
  // Its flags are in memory, where a filter cannot look; the C library falls back to clone.
  deny(NR_CLONE3, ENOSYS);
  unsigned short start = begin_call(SYS_clone);
  LOAD_ARGUMENT(0);
  JUMP(BPF_JMP | BPF_JSET | BPF_K,
       CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET |
           CLONE_NEWTIME,
       0, 1);
  ANSWER(EPERM);
  end_call(start);
}

// Keystrokes for the shell that waits on the same terminal.
static void refuse_terminal_injection(void) {
  unsigned short start = begin_call(SYS_ioctl);
  LOAD_ARGUMENT(1);
  deny_if_argument_is(TIOCSTI);
  deny_if_argument_is(TIOCLINUX);
  end_call(start);
}

// Datagrams name their receiver at each sendmsg(2), so connect(2) denied would not hold them. The kernel
// makes some of other types too (of SOCK_RAW, for one), so only what is a connection is let through.
static void refuse_datagrams(void) {
  LOAD_ARGUMENT(1);
  STATEMENT(BPF_ALU | BPF_AND | BPF_K, 0xF);
  JUMP(BPF_JMP | BPF_JEQ | BPF_K, SOCK_STREAM, 2, 0);
  JUMP(BPF_JMP | BPF_JEQ | BPF_K, SOCK_SEQPACKET, 1, 0);
  ANSWER(EPERM);
}

static void only_local_pairs(int number) {
  unsigned short start = begin_call(number);
  LOAD_ARGUMENT(0);
  JUMP(BPF_JMP | BPF_JEQ | BPF_K, AF_UNIX, 1, 0);
  ANSWER(EPERM);
  refuse_datagrams();
  end_call(start);
}

static void refuse_odd_families(bool unix_sockets) {
  unsigned short start = begin_call(SYS_socket);
  LOAD_ARGUMENT(0);
  JUMP(BPF_JMP | BPF_JEQ | BPF_K, AF_INET, 6, 0);
  JUMP(BPF_JMP | BPF_JEQ | BPF_K, AF_INET6, 5, 0);
  JUMP(BPF_JMP | BPF_JEQ | BPF_K, unix_sockets ? AF_UNIX : AF_INET, 4, 0);
  JUMP(BPF_JMP | BPF_JEQ | BPF_K, AF_NETLINK, 0, 2);
  LOAD_ARGUMENT(2);  // interfaces and routes; not audit, uevents or crypto
  JUMP(BPF_JMP | BPF_JEQ | BPF_K, NETLINK_ROUTE, 1, 0);
  ANSWER(EPERM);
  end_call(start);
  if (!unix_sockets) only_local_pairs(SYS_socketpair);
}

struct open_call {
  int number, flags_argument;
};

static const struct open_call opens[] = {
    {SYS_openat, 2},
#ifdef SYS_open
    {SYS_open, 1},
#endif
};
enum { OPENS = sizeof opens / sizeof *opens };

// Landlock before ABI 3 lets truncate(2), and open(2) for reading with O_TRUNC, empty any file.
static void refuse_truncation(void) {
  deny(SYS_truncate, EPERM);
  for (int i = 0; i < OPENS; i++) {
    unsigned short start = begin_call(opens[i].number);
    LOAD_ARGUMENT(opens[i].flags_argument);
    STATEMENT(BPF_ALU | BPF_AND | BPF_K, O_TRUNC | O_ACCMODE);
    deny_if_argument_is(O_TRUNC | O_RDONLY);
    end_call(start);
  }
}

static void deny_if_argument_has(int argument, unsigned bits) {
  LOAD_ARGUMENT(argument);
  JUMP(BPF_JMP | BPF_JSET | BPF_K, bits, 0, 1);
  ANSWER(EPERM);
}

// A set-uid program left in a folder that others reach would give them the user's rights, outside.
static void refuse_set_uid(void) {
  static const struct {
    int number, mode_argument;
  } calls[] = {
      {SYS_fchmod, 1},
      {SYS_fchmodat, 2},
      {NR_FCHMODAT2, 2},
      {SYS_mknodat, 2},
#ifdef SYS_open
      {SYS_chmod, 1},
      {SYS_creat, 1},
      {SYS_mknod, 1},
#endif
  };
  for (size_t i = 0; i < sizeof calls / sizeof *calls; i++) {
    unsigned short start = begin_call(calls[i].number);
    deny_if_argument_has(calls[i].mode_argument, S_ISUID);
    end_call(start);
  }
  for (int i = 0; i < OPENS; i++) {
    unsigned short start = begin_call(opens[i].number);
    LOAD_ARGUMENT(opens[i].flags_argument);  // the mode means nothing where no file is made
    JUMP(BPF_JMP | BPF_JSET | BPF_K, O_CREAT | (O_TMPFILE & ~O_DIRECTORY), 0, 3);
    deny_if_argument_has(opens[i].flags_argument + 1, S_ISUID);
    end_call(start);
  }
  deny(NR_OPENAT2, ENOSYS);  // its mode and flags are in memory, where a filter cannot look
}

// prlimit(2) on another process can end it; on the caller itself it is setrlimit(2).
static void refuse_others_limits(void) {
  unsigned short start = begin_call(SYS_prlimit64);
  LOAD_ARGUMENT(0);
  JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0, 1, 0);
  ANSWER(EPERM);
  end_call(start);
}

bool has_seccomp(void) {
  // The filter is at an address that cannot be read: EFAULT where there is one to read.
  return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, NULL) != 0 && errno == EFAULT;
}

void restrict_system_calls(const struct filter_choice *choice) {
  length = 0;
  refuse_other_tables();
  for (size_t i = 0; i < sizeof always_denied / sizeof *always_denied; i++) deny(always_denied[i], EPERM);
  refuse_namespaces();
  refuse_terminal_injection();
  refuse_set_uid();
  if (choice->is_among_others) {
    deny(SYS_mq_unlink, EPERM);  // opening a queue is Landlock's matter, removing one is not
    refuse_others_limits();
  }
  if (choice->guards_truncation) refuse_truncation();
  if (choice->network_access) {
    refuse_odd_families(choice->unix_sockets);
  } else {
    for (size_t i = 0; i < sizeof denied_without_network / sizeof *denied_without_network; i++) {
      deny(denied_without_network[i], EPERM);
    }
    only_local_pairs(SYS_socket);
    only_local_pairs(SYS_socketpair);
  }
  STATEMENT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);

  struct sock_fprog program = {.len = length, .filter = filter};
  if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0) {
    refuse(SANDBOX_REFUSED, "the kernel must have seccomp filters", "the system calls could not be restricted: %s",
           strerror(errno));
  }
}
