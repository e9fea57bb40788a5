// The lock: a seccomp filter on every thread, put in place when everything is loaded and listening.
// seccomp(2) with TSYNC, Linux 3.17. Denied calls answer EPERM, so that code which merely probes goes
// on; the process needs none of them to serve for days. Reading files stays possible (resolver, CA
// files; Landlock says which), and so do new sockets, threads and executable memory, which V8 needs.
// Not covered: what can be done with the sockets that it has, and memory it may map.

#include "seccomp-lock.h"

#ifdef __linux__

#include <cerrno>
#include <cstddef>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <netinet/in.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <vector>

#include "../seccomp-arch.h"

namespace {

// Denied outright. Numbers from 424 on are written out: the build's headers may be older than they are.
const int kDenied[] = {
    // Other programs and processes: nothing here starts any, and a foothold begins with one.
    SYS_execve, SYS_execveat,
#ifdef SYS_fork
    SYS_fork, SYS_vfork,
#endif
    // Other processes' memory, descriptors and signals, and being asked about one's own.
    SYS_ptrace, SYS_process_vm_readv, SYS_process_vm_writev, SYS_kcmp, SYS_tkill, SYS_rt_sigqueueinfo,
    SYS_rt_tgsigqueueinfo, 424 /* pidfd_send_signal */, 434 /* pidfd_open */, 438 /* pidfd_getfd */,
    440 /* process_madvise */, 448 /* process_mrelease */,
    // Kernel interfaces with a history of holes, of no use to a proxy.
    SYS_bpf, SYS_perf_event_open, SYS_userfaultfd, SYS_add_key, SYS_request_key, SYS_keyctl,
    SYS_init_module, SYS_finit_module, SYS_delete_module, SYS_kexec_load, SYS_kexec_file_load,
    // System state.
    SYS_reboot, SYS_swapon, SYS_swapoff, SYS_sethostname, SYS_setdomainname, SYS_acct, SYS_quotactl,
    SYS_syslog, SYS_settimeofday, SYS_clock_settime, SYS_adjtimex, SYS_clock_adjtime, SYS_personality,
    SYS_vhangup, SYS_lookup_dcookie,
#ifdef __x86_64__
    SYS_iopl, SYS_ioperm, SYS_modify_ldt,
#endif
    // Namespaces and mounts.
    SYS_unshare, SYS_setns, SYS_chroot, SYS_pivot_root, SYS_mount, SYS_umount2, 428 /* open_tree */,
    429 /* move_mount */, 430 /* fsopen */, 431 /* fsconfig */, 432 /* fsmount */, 433 /* fspick */,
    442 /* mount_setattr */,
    // Becoming a server of something else. bind(2) is denied since the launcher.
    SYS_listen,
    // Identity.
    SYS_setuid, SYS_setgid, SYS_setreuid, SYS_setregid, SYS_setresuid, SYS_setresgid, SYS_setfsuid,
    SYS_setfsgid, SYS_setgroups, SYS_capset, SYS_setsid, SYS_setpgid,
    // Files without a name, which could carry a program.
    SYS_memfd_create, 447 /* memfd_secret: both slots exist */,
    // Changing the file system. The server info goes by the janitor.
    SYS_mkdirat, SYS_mknodat, SYS_symlinkat, SYS_linkat, SYS_renameat2, SYS_truncate, SYS_ftruncate,
    SYS_fallocate, SYS_fchmod, SYS_fchmodat, SYS_fchown, SYS_fchownat, SYS_utimensat, SYS_setxattr,
    SYS_lsetxattr, SYS_fsetxattr, SYS_removexattr, SYS_lremovexattr, SYS_fremovexattr, 452 /* fchmodat2 */,
    463 /* setxattrat */, 466 /* removexattrat */, 469 /* file_setattr */,
#ifdef SYS_renameat
    SYS_renameat,
#endif
#ifdef __x86_64__
    SYS_mkdir, SYS_mknod, SYS_symlink, SYS_link, SYS_rename, SYS_creat, SYS_chmod, SYS_chown, SYS_lchown,
    SYS_utime, SYS_utimes, SYS_futimesat,
#endif
    SYS_name_to_handle_at, SYS_open_by_handle_at,
    // Memory and queues shared with other processes.
    SYS_shmget, SYS_shmat, SYS_shmctl, SYS_semget, SYS_semctl, SYS_msgget, SYS_msgsnd, SYS_msgrcv,
    SYS_msgctl, SYS_mq_open, SYS_mq_unlink, SYS_mq_timedsend, SYS_semop, SYS_semtimedop,
    // Other processes of the uid, and watching what they do.
    SYS_setpriority, SYS_fanotify_init, 443 /* quotactl_fd */,
};

// Removing a file: only where no janitor does it.
const int kDeniedWithJanitor[] = {
    SYS_unlinkat,
#ifdef __x86_64__
    SYS_unlink, SYS_rmdir,
#endif
};

constexpr unsigned kWriting = O_WRONLY | O_RDWR | O_CREAT | O_TRUNC | O_APPEND;

// A file that was not there before, written from its start, no way through a link: one of the dumps.
constexpr unsigned kNewFile = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW;
constexpr unsigned kNewFileMode = 0600;

class Filter {
 public:
  void Deny(int nr, unsigned error = EPERM) {
    Add(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, static_cast<unsigned>(nr), 0, 1));
    Add(Error(error));
  }

  // Runs `body` for the call, with the low half of its argument loaded; falls through to allow it.
  template <typename Body>
  void WithArgument(int nr, int argument, Body body) {
    std::vector<sock_filter> outer;
    outer.swap(program_);
    Add(BPF_STMT(BPF_LD | BPF_W | BPF_ABS, ArgumentOffset(argument)));
    body();
    Add(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW));
    program_.swap(outer);
    Add(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, static_cast<unsigned>(nr), 0, static_cast<unsigned char>(outer.size())));
    for (const sock_filter& instruction : outer) Add(instruction);
  }

  void DenyUnlessEqual(unsigned value, unsigned error = EPERM) {
    Add(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, 1, 0));
    Add(Error(error));
  }
  void DenyIfEqual(unsigned value, unsigned error = EPERM) {
    Add(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, 0, 1));
    Add(Error(error));
  }
  void DenyIfAnyBit(unsigned bits) {
    Add(BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, bits, 0, 1));
    Add(Error(EPERM));
  }
  void DenyUnlessAnyBit(unsigned bits) {
    Add(BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, bits, 1, 0));
    Add(Error(EPERM));
  }
  void AllowIfEqual(unsigned value) {
    Add(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, 0, 1));
    Add(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW));
  }
  // Allows the call whose flags, loaded, and mode are those of a new dump; else goes on with the flags.
  void AllowNewFile(int flags, int mode) {
    Add(BPF_STMT(BPF_ALU | BPF_AND | BPF_K, kWriting | kNewFile));
    Add(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, kNewFile, 0, 3));
    LoadArgument(mode);
    Add(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, kNewFileMode, 0, 1));
    Add(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW));
    LoadArgument(flags);
  }
  void Add(sock_filter instruction) { program_.push_back(instruction); }
  void LoadArgument(int argument) { Add(BPF_STMT(BPF_LD | BPF_W | BPF_ABS, ArgumentOffset(argument))); }

  int Install() {
    Add(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW));
    sock_fprog program = {static_cast<unsigned short>(program_.size()), program_.data()};
    long result = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, &program);
    if (result > 0) return ESRCH;  // a thread that could not be brought along
    return result == 0 ? 0 : errno;
  }

 private:
  static sock_filter Error(unsigned error) { return BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | error); }
  static unsigned ArgumentOffset(int argument) {
    return static_cast<unsigned>(offsetof(seccomp_data, args) + static_cast<size_t>(argument) * sizeof(__u64));
  }
  std::vector<sock_filter> program_;
};

int InstallLock(bool has_janitor, bool makes_files) {
  Filter filter;
  filter.Add(BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, arch)));
  filter.Add(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, NATIVE_ARCH, 1, 0));
  filter.Add(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS));
  filter.Add(BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)));
#ifdef __x86_64__
  filter.Add(BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, X32_SYSCALL_BIT, 0, 1));
  filter.Add(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS));
#endif
  for (int nr : kDenied) filter.Deny(nr);
  if (has_janitor) {
    for (int nr : kDeniedWithJanitor) filter.Deny(nr);
  }

  // Threads yes, processes no. clone3 hides its flags behind a pointer; glibc then takes clone.
  filter.Deny(435 /* clone3 */, ENOSYS);
  filter.WithArgument(SYS_clone, 0, [&] { filter.DenyUnlessAnyBit(CLONE_THREAD); });

  // Opening to read only, or to make a new file of no other mode. Where it may lie is said by Landlock.
  // openat2 hides its flags in the same way.
  auto open_restricted = [&](int nr, int flags, int mode) {
    filter.WithArgument(nr, flags, [&] {
      if (makes_files) filter.AllowNewFile(flags, mode);
      filter.DenyIfAnyBit(kWriting);
    });
  };
  filter.Deny(437 /* openat2 */, ENOSYS);
  open_restricted(SYS_openat, 2, 3);
#ifdef __x86_64__
  open_restricted(SYS_open, 1, 2);
#endif

  // Not dumpable for good; the rest of prctl names threads and tunes memory.
  filter.WithArgument(SYS_prctl, 0, [&] {
    filter.DenyIfEqual(PR_SET_PTRACER);
    filter.DenyIfEqual(PR_SET_SECUREBITS);
    filter.DenyIfEqual(PR_SET_KEEPCAPS);
    filter.DenyIfEqual(PR_CAP_AMBIENT);
    filter.DenyIfEqual(PR_SET_MM);
    filter.Add(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, PR_SET_DUMPABLE, 0, 3));
    filter.LoadArgument(1);
    filter.DenyUnlessEqual(0);
  });

  // The upstream, the resolver, and the resolver's question to the kernel about addresses.
  filter.WithArgument(SYS_socket, 0, [&] {
    for (unsigned family : {AF_UNIX, AF_NETLINK}) filter.AllowIfEqual(family);
    filter.Add(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AF_INET, 2, 0));
    filter.Add(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AF_INET6, 1, 0));
    filter.Add(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EAFNOSUPPORT));
    // TCP and UDP by whatever name. MPTCP among others would pass by Landlock's rule on connections.
    filter.LoadArgument(2);
    for (int protocol : {0, static_cast<int>(IPPROTO_TCP), static_cast<int>(IPPROTO_UDP)}) filter.AllowIfEqual(static_cast<unsigned>(protocol));
    filter.Add(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPROTONOSUPPORT));
  });

  // TCP Fast Open connects while it sends, which Landlock does not see.
  filter.WithArgument(SYS_sendto, 3, [&] { filter.DenyIfAnyBit(MSG_FASTOPEN); });
  filter.WithArgument(SYS_sendmsg, 2, [&] { filter.DenyIfAnyBit(MSG_FASTOPEN); });
  filter.WithArgument(SYS_sendmmsg, 3, [&] { filter.DenyIfAnyBit(MSG_FASTOPEN); });
  filter.WithArgument(SYS_setsockopt, 1, [&] {
    filter.Add(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, IPPROTO_TCP, 0, 3));
    filter.LoadArgument(2);
    filter.DenyIfEqual(30 /* TCP_FASTOPEN_CONNECT */);
  });

  // Typing into the terminal of whoever started it.
  filter.WithArgument(SYS_ioctl, 1, [&] {
    filter.DenyIfEqual(TIOCSTI);
    filter.DenyIfEqual(TIOCLINUX);
  });

  // Signals to itself only: abort(3) and the like.
  filter.WithArgument(SYS_kill, 0, [&] { filter.DenyUnlessEqual(static_cast<unsigned>(getpid())); });
  filter.WithArgument(SYS_tgkill, 0, [&] { filter.DenyUnlessEqual(static_cast<unsigned>(getpid())); });
  // Reading limits, also by number; setting none of another process.
  filter.WithArgument(SYS_prlimit64, 0, [&] {
    filter.AllowIfEqual(0);
    filter.DenyUnlessEqual(static_cast<unsigned>(getpid()));
  });

  return filter.Install();
}

}  // namespace

// lock(hasJanitor, makesFiles) -> errno, 0 for success. Cannot be undone.
Napi::Value Lock(const Napi::CallbackInfo& info) {
  return Napi::Number::New(info.Env(), InstallLock(info[0].As<Napi::Boolean>().Value(), info[1].As<Napi::Boolean>().Value()));
}

#else

Napi::Value Lock(const Napi::CallbackInfo& info) { return Napi::Number::New(info.Env(), 0); }

#endif
