// What the kernel says of this process, asked rather than remembered: a measure counts as on when
// the forbidden thing was tried and refused. No judgement here; hardening/measures.ts makes that.

#include "process.h"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#ifdef __linux__
#include <linux/nsfs.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#endif

namespace {

// errno of the bind that any listener needs, 0 where it works.
int TryBind() {
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return errno;
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  int error = bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0 ? 0 : errno;
  close(fd);
  return error;
}

#ifdef __linux__

// A number behind `name:` in /proc/self/status, -1 where there is none.
int StatusField(const char* name) {
  FILE* status = fopen("/proc/self/status", "re");
  if (status == nullptr) return -1;
  char line[256];
  int value = -1;
  while (fgets(line, sizeof line, status) != nullptr) {
    if (strncmp(line, name, strlen(name)) == 0 && line[strlen(name)] == ':') {
      sscanf(line + strlen(name) + 1, "%d", &value);
    }
  }
  fclose(status);
  return value;
}

bool HasCapabilities() {
  FILE* status = fopen("/proc/self/status", "re");
  if (status == nullptr) return true;
  char line[256];
  bool has = false;
  unsigned long long set;
  while (fgets(line, sizeof line, status) != nullptr) {
    if (strncmp(line, "CapBnd:", 7) != 0 && sscanf(line, "Cap%*3c: %llx", &set) == 1) has = has || set != 0;
  }
  fclose(status);
  return has;
}

// True where uids are not mapped one to one over the whole range: user_namespaces(7).
bool InUserNamespace() {
  FILE* map = fopen("/proc/self/uid_map", "re");
  if (map == nullptr) return false;  // a kernel without user namespaces
  unsigned long inside = 1, outside = 1, count = 0;
  int fields = fscanf(map, "%lu %lu %lu", &inside, &outside, &count);
  fclose(map);
  return fields != 3 || inside != 0 || outside != 0 || count != 4294967295UL;
}

// The uid that owns the user namespace, as seen from inside; -1 where the kernel does not tell.
double UserNamespaceOwner() {
  int fd = open("/proc/self/ns/user", O_RDONLY | O_CLOEXEC);
  if (fd < 0) return -1;
  uid_t owner;
  bool known = ioctl(fd, NS_GET_OWNER_UID, &owner) == 0;
  close(fd);
  return known ? static_cast<double>(owner) : -1;
}

// errno of reading a folder that every user may read, 0 where it worked: Landlock's doing alone.
int TryReadVar() {
  int fd = open("/var", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return errno;
  close(fd);
  return 0;
}

// errno of a connection to a port of this machine.
int TryConnect(int port) {
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) return errno;
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  int error = connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0 ? 0 : errno;
  close(fd);
  return error;
}

// Whether the file that was executed is one that its user could not read: unreadable.c.
bool RunsUnreadably() {
  char target[64];
  ssize_t length = readlink("/proc/self/exe", target, sizeof target);
  return length > 7 && memcmp(target, "/memfd:", 7) == 0;
}

int TryMemfd() {
  int fd = static_cast<int>(syscall(SYS_memfd_create, "probe", 1U /* MFD_CLOEXEC */));
  if (fd < 0) return errno;
  close(fd);
  return 0;
}

int TryIoUring() {
  syscall(425, 0, nullptr);  // io_uring_setup with no parameters: EFAULT or EINVAL where it exists
  return errno;
}

#endif

}  // namespace

// replaceWithNull(fd): puts /dev/null in its place. Closing it would give the number to the next
// file or socket. Returns errno, 0 for success.
Napi::Value ReplaceWithNull(const Napi::CallbackInfo& info) {
  int fd = info[0].As<Napi::Number>().Int32Value();
  int null_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
  int error = null_fd < 0 || dup2(null_fd, fd) < 0 ? errno : 0;
  if (null_fd >= 0) close(null_fd);
  return Napi::Number::New(info.Env(), error);
}

// canWrite(fd) -> boolean: whether a write of up to PIPE_BUF bytes would not block, pipe(7). The mode
// of the descriptor itself is its starter's too and is left alone.
Napi::Value CanWrite(const Napi::CallbackInfo& info) {
  pollfd entry = {info[0].As<Napi::Number>().Int32Value(), POLLOUT, 0};
  bool ready = poll(&entry, 1, 0) == 1 && (entry.revents & POLLOUT) != 0;
  return Napi::Boolean::New(info.Env(), ready);
}

Napi::Value ReadFacts(const Napi::CallbackInfo& info) {
  Napi::Object facts = Napi::Object::New(info.Env());
  rlimit core = {};
  getrlimit(RLIMIT_CORE, &core);
  facts.Set("coreLimitBytes", static_cast<double>(core.rlim_max));
  rlimit locked = {};
  getrlimit(RLIMIT_MEMLOCK, &locked);
  facts.Set("lockLimitBytes", static_cast<double>(locked.rlim_cur));
  facts.Set("bindErrno", TryBind());
#ifdef __linux__
  facts.Set("dumpable", prctl(PR_GET_DUMPABLE, 0, 0, 0, 0));
  facts.Set("noNewPrivileges", prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0));
  facts.Set("ioUringErrno", TryIoUring());
  facts.Set("hasCapabilities", HasCapabilities());
  facts.Set("memfdErrno", TryMemfd());
  facts.Set("readVarErrno", TryReadVar());
  facts.Set("connectErrno", TryConnect(info[0].As<Napi::Number>().Int32Value()));
  facts.Set("runsUnreadably", RunsUnreadably());
  facts.Set("tracerPid", StatusField("TracerPid"));
  facts.Set("seccompMode", StatusField("Seccomp"));
  facts.Set("inUserNamespace", InUserNamespace());
  facts.Set("userNamespaceOwner", UserNamespaceOwner());
#endif
  return facts;
}
