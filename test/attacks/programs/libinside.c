// An addon for code that has got into the process: tries one thing at a time, by the system call
// itself, and returns errno. `attempt(what, argument)`.

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <js_native_api.h>
#include <linux/bpf.h>
#include <linux/perf_event.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

static int overflow(int depth) {
  volatile char frame[4096];
  frame[0] = (char)depth;
  if (depth < 0) return 0;  // never: the stack ends long before
  return overflow(depth + 1) + frame[0];
}

static long fork_with(unsigned long flags, unsigned seconds) {
  long child = syscall(SYS_clone, flags | SIGCHLD, 0, 0, 0, 0);
  if (child == 0) {
    if (seconds > 0) syscall(SYS_clock_nanosleep, 1, 0, &(struct timespec){seconds, 0}, NULL);
    _exit(0);
  }
  if (child > 0 && seconds == 0) waitpid((pid_t)child, NULL, 0);
  return child;
}

static long connect_to(int port) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((unsigned short)port)};
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  return fd < 0 ? fd : connect(fd, (struct sockaddr *)&address, sizeof address);
}

static long send_udp(int port) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((unsigned short)port)};
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  return fd < 0 ? fd : sendto(fd, "x", 1, 0, (struct sockaddr *)&address, sizeof address);
}

static long connect_abstract(const char *name) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  strncpy(address.sun_path + 1, name, sizeof address.sun_path - 2);
  int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  socklen_t length = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + strlen(name));
  if (fd < 0 || connect(fd, (struct sockaddr *)&address, length) == 0) return fd;
  if (errno != ECONNREFUSED) return -1;
  return connect(fd, (struct sockaddr *)&address, sizeof address);  // some Nodes pad the name with zeros
}

// Ways to a TCP port that are no plain connect(2): Multipath TCP and Fast Open.
static long connect_by(int protocol, int flags, int port) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((unsigned short)port)};
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, protocol);
  if (fd < 0) return fd;
  if (flags != 0) return sendto(fd, "x", 1, flags, (struct sockaddr *)&address, sizeof address);
  return connect(fd, (struct sockaddr *)&address, sizeof address);
}

static long bind_anywhere(void) {
  struct sockaddr_in address = {.sin_family = AF_INET};
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  return fd < 0 ? fd : bind(fd, (struct sockaddr *)&address, sizeof address);
}

static long read_other(pid_t pid) {
  char byte;
  struct iovec local = {&byte, 1}, remote = {(void *)0x1000, 1};
  long got = syscall(SYS_process_vm_readv, pid, &local, 1, &remote, 1, 0);
  return got < 0 && errno == EFAULT ? 0 : got;  // it was the address that was wrong
}

static long load_bpf(void) {
  union bpf_attr attributes = {.map_type = BPF_MAP_TYPE_ARRAY, .key_size = 4, .value_size = 8, .max_entries = 1};
  return syscall(SYS_bpf, BPF_MAP_CREATE, &attributes, sizeof attributes);
}

static long measure_self(void) {
  struct perf_event_attr attributes = {
      .type = PERF_TYPE_SOFTWARE, .size = sizeof attributes, .config = PERF_COUNT_SW_CPU_CLOCK, .exclude_kernel = 1};
  return syscall(SYS_perf_event_open, &attributes, 0, -1, -1, 0);
}

static long become_shell(void) {
  char *const arguments[] = {"/bin/sh", "-c", "echo 'attack: gets process' >&2", NULL};
  char *const environment[] = {NULL};
  fcntl(2, F_SETFD, 0);  // Node has closed it to children
  return execve("/bin/sh", arguments, environment);
}

static long attempt(const char *what, const char *argument) {
  int number = atoi(argument);
#define IS(name) (strcmp(what, name) == 0)
  if (IS("fork")) return fork_with(0, 0);
  if (IS("forkCopy")) return fork_with(0, 4);
  if (IS("newNamespace")) return fork_with(CLONE_NEWUSER, 0);
  if (IS("exec")) return become_shell();
  if (IS("listen")) return listen(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), 1);
  if (IS("bind")) return bind_anywhere();
  if (IS("connect")) return connect_to(number);
  if (IS("sendUdp")) return send_udp(number);
  if (IS("connectMultipath")) return connect_by(262 /* IPPROTO_MPTCP */, 0, (int)number);
  if (IS("connectFast")) return connect_by(0, MSG_FASTOPEN, (int)number);
  if (IS("connectAbstract")) return connect_abstract(argument);
  if (IS("read")) return open(argument, O_RDONLY | O_CLOEXEC);
  if (IS("write")) return open(argument, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
  if (IS("create")) return open(argument, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
  if (IS("createProgram")) return open(argument, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0700);
  if (IS("overwrite")) return open(argument, O_WRONLY | O_CLOEXEC);
  if (IS("unlink")) return unlink(argument);
  if (IS("setuid")) return syscall(SYS_setresuid, 0, 0, 0);
  if (IS("dumpable")) return prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
  if (IS("ptrace")) return ptrace(PTRACE_SEIZE, number, 0, 0);
  if (IS("readOther")) return read_other(number);
  if (IS("kill")) return kill(number, SIGCONT);
  if (IS("memfd")) return (long)syscall(SYS_memfd_create, "x", 0);
  if (IS("bpf")) return load_bpf();
  if (IS("perf")) return measure_self();
  if (IS("mount")) return mount("none", argument, "tmpfs", 0, NULL);
  if (IS("keyctl")) return syscall(SYS_keyctl, 0, -3, 1, 0, 0);  // KEYCTL_GET_KEYRING_ID, the session's
  if (IS("segfault")) return *(volatile int *)16;
  if (IS("overflow")) return overflow(0);
  errno = ENOTSUP;
  return -1;
}

static napi_value on_attempt(napi_env env, napi_callback_info info) {
  size_t count = 2;
  napi_value arguments[2], answer;
  char what[64] = "", argument[1024] = "";
  napi_get_cb_info(env, info, &count, arguments, NULL, NULL);
  napi_get_value_string_utf8(env, arguments[0], what, sizeof what, NULL);
  napi_get_value_string_utf8(env, arguments[1], argument, sizeof argument, NULL);
  errno = 0;
  int error = attempt(what, argument) < 0 ? errno : 0;
  napi_create_int32(env, error, &answer);
  return answer;
}

__attribute__((visibility("default"))) napi_value napi_register_module_v1(napi_env env, napi_value exports);
napi_value napi_register_module_v1(napi_env env, napi_value exports) {
  napi_value function;
  napi_create_function(env, "attempt", NAPI_AUTO_LENGTH, on_attempt, NULL, &function);
  napi_set_named_property(env, exports, "attempt", function);
  return exports;
}
