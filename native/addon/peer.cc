// Who is at the other end of a socket of this machine. On a Unix socket the process that connected, whom
// the kernel noted: SO_PEERCRED, SO_PEERGROUPS, unix(7). On TCP the owner of the other end's socket, asked
// for by the exact four-tuple: sock_diag(7). It is who made the socket, whoever holds its descriptor now.
// An answer that leaves a doubt is none.

#include "peer.h"

#ifdef __linux__

#include <cerrno>
#include <cstdint>
#include <cstring>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>
#include <vector>

namespace {

// IPv4 as ::ffff:a.b.c.d, as a client with an IPv6 socket sees it. The port in network order.
struct Endpoint {
  uint8_t address[16];
  uint16_t port;
};

constexpr uint8_t kMapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

bool IsMapped(const Endpoint& endpoint) { return memcmp(endpoint.address, kMapped, sizeof kMapped) == 0; }

bool IsSame(const Endpoint& a, const Endpoint& b) {
  return a.port == b.port && memcmp(a.address, b.address, sizeof a.address) == 0;
}

Endpoint Make(int family, const void* address, uint16_t port) {
  Endpoint endpoint = {};
  endpoint.port = port;
  if (family == AF_INET) {
    memcpy(endpoint.address, kMapped, sizeof kMapped);
    memcpy(endpoint.address + sizeof kMapped, address, 4);
  } else {
    memcpy(endpoint.address, address, sizeof endpoint.address);
  }
  return endpoint;
}

using NameOf = int (*)(int, sockaddr*, socklen_t*);

bool ReadEndpoint(NameOf name_of, int fd, Endpoint* endpoint) {
  sockaddr_storage storage = {};
  socklen_t length = sizeof storage;
  if (name_of(fd, reinterpret_cast<sockaddr*>(&storage), &length) != 0) return false;
  if (storage.ss_family == AF_INET) {
    auto* in = reinterpret_cast<sockaddr_in*>(&storage);
    *endpoint = Make(AF_INET, &in->sin_addr, in->sin_port);
    return true;
  }
  if (storage.ss_family == AF_INET6) {
    auto* in6 = reinterpret_cast<sockaddr_in6*>(&storage);
    *endpoint = Make(AF_INET6, &in6->sin6_addr, in6->sin6_port);
    return true;
  }
  return false;
}

struct Question {
  nlmsghdr header;
  inet_diag_req_v2 request;
};

void SetAddress(bool as_ipv4, const Endpoint& endpoint, __be32* address) {
  if (as_ipv4) {
    memcpy(address, endpoint.address + sizeof kMapped, 4);
  } else {
    memcpy(address, endpoint.address, sizeof endpoint.address);
  }
}

// Without NLM_F_DUMP: the kernel looks the one socket up by its hash.
Question Ask(uint32_t sequence, const Endpoint& local, const Endpoint& remote) {
  Question question = {};
  question.header.nlmsg_len = sizeof question;
  question.header.nlmsg_type = SOCK_DIAG_BY_FAMILY;
  question.header.nlmsg_flags = NLM_F_REQUEST;
  question.header.nlmsg_seq = sequence;
  bool as_ipv4 = IsMapped(local) && IsMapped(remote);
  question.request.sdiag_family = as_ipv4 ? AF_INET : AF_INET6;
  question.request.sdiag_protocol = IPPROTO_TCP;
  question.request.idiag_states = ~0u;
  inet_diag_sockid& id = question.request.id;
  SetAddress(as_ipv4, local, id.idiag_src);
  SetAddress(as_ipv4, remote, id.idiag_dst);
  id.idiag_sport = local.port;
  id.idiag_dport = remote.port;
  id.idiag_cookie[0] = id.idiag_cookie[1] = INET_DIAG_NOCOOKIE;
  return question;
}

struct Answer {
  const char* failure;  // nullptr for an answer
  uint8_t state;
  uint32_t uid;
  uint32_t inode;
};

constexpr const char* kGone = "gone";                // no such socket any more, or nobody's
constexpr const char* kUnclear = "unclear";          // not exactly one answer to the question
constexpr const char* kUnavailable = "unavailable";  // the kernel does not answer this process

// The kernel has answered when sendto(2) returns, so nothing is waited for.
ssize_t ReadMessage(int query, void* buffer, size_t size, bool* is_from_kernel) {
  sockaddr_nl from = {};
  iovec part = {buffer, size};
  msghdr message = {};
  message.msg_name = &from;
  message.msg_namelen = sizeof from;
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  ssize_t length;
  do {
    length = recvmsg(query, &message, MSG_DONTWAIT);
  } while (length < 0 && errno == EINTR);
  *is_from_kernel = from.nl_family == AF_NETLINK && from.nl_pid == 0 && (message.msg_flags & MSG_TRUNC) == 0;
  return length;
}

const char* Understand(const char* buffer, size_t length, uint32_t sequence, const Endpoint& local,
                       const Endpoint& remote, Answer* answer) {
  nlmsghdr header;
  if (length < sizeof header) return kUnclear;
  memcpy(&header, buffer, sizeof header);
  if (header.nlmsg_seq != sequence || header.nlmsg_len != length) return kUnclear;
  if (header.nlmsg_type == NLMSG_ERROR) {
    nlmsgerr error;
    if (length < sizeof header + sizeof error) return kUnclear;
    memcpy(&error, buffer + sizeof header, sizeof error);
    return error.error == -ENOENT ? kGone : kUnavailable;
  }
  inet_diag_msg found;
  if (header.nlmsg_type != SOCK_DIAG_BY_FAMILY || length < sizeof header + sizeof found) return kUnclear;
  memcpy(&found, buffer + sizeof header, sizeof found);
  if (found.idiag_family != AF_INET && found.idiag_family != AF_INET6) return kUnclear;
  // Where there is no such connection, one who listens on that port is found instead.
  if (!IsSame(Make(found.idiag_family, found.id.idiag_src, found.id.idiag_sport), local)) return kGone;
  if (!IsSame(Make(found.idiag_family, found.id.idiag_dst, found.id.idiag_dport), remote)) return kGone;
  *answer = {nullptr, found.idiag_state, found.idiag_uid, found.idiag_inode};
  return nullptr;
}

// Asks for the socket that has `local` as its own end and `remote` as the other.
Answer LookUp(int query, const Endpoint& local, const Endpoint& remote) {
  static uint32_t sequence = 0;
  Question question = Ask(++sequence, local, remote);
  sockaddr_nl kernel = {};
  kernel.nl_family = AF_NETLINK;
  Answer answer = {kUnavailable, 0, 0, 0};
  ssize_t sent;
  do {
    sent = sendto(query, &question, sizeof question, 0, reinterpret_cast<sockaddr*>(&kernel), sizeof kernel);
  } while (sent < 0 && errno == EINTR);
  if (sent != sizeof question) return answer;

  alignas(nlmsghdr) char buffer[8192];
  bool is_from_kernel;
  ssize_t length = ReadMessage(query, buffer, sizeof buffer, &is_from_kernel);
  if (length < 0) return answer;
  answer.failure = is_from_kernel ? Understand(buffer, static_cast<size_t>(length), sequence, local, remote, &answer)
                                  : kUnclear;
  // With anything else there it was no plain answer. The next question begins with an empty queue.
  for (int more = 0; more < 64 && ReadMessage(query, buffer, sizeof buffer, &is_from_kernel) >= 0; more++) {
    answer.failure = kUnclear;
  }
  return answer;
}

// Our own end. Once it was reset, its four-tuple can be somebody else's; it never comes back to these.
bool IsOpen(int fd) {
  tcp_info tcp = {};
  socklen_t length = sizeof tcp;
  if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &tcp, &length) != 0) return false;
  return tcp.tcpi_state == TCP_ESTABLISHED || tcp.tcpi_state == TCP_CLOSE_WAIT;
}

// FIN_WAIT is a client that has closed its sending half and waits for the answer; an inode tells it from
// one that has gone.
bool IsConnected(uint8_t state) {
  return state == TCP_ESTABLISHED || state == TCP_FIN_WAIT1 || state == TCP_FIN_WAIT2;
}

Answer FindPeer(int query, int fd) {
  Endpoint ours, theirs;
  Answer nobody = {kGone, 0, 0, 0};
  if (!ReadEndpoint(getsockname, fd, &ours) || !ReadEndpoint(getpeername, fd, &theirs)) return nobody;
  Answer answer = LookUp(query, theirs, ours);
  if (answer.failure != nullptr) return answer;
  // Without an inode it is an orphan, whose uid some kernels say is root's.
  if (!IsConnected(answer.state) || answer.inode == 0) return nobody;
  // Asked last: open now, it was open when the kernel answered, and no other socket can be connected to
  // an end that is open.
  if (!IsOpen(fd)) return nobody;
  return answer;
}

int DomainOf(int fd) {
  int domain = 0;
  socklen_t length = sizeof domain;
  return getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &length) == 0 ? domain : -1;
}

// False where the kernel does not tell. socket(7): after ERANGE the length says how much there is.
bool ReadPeerGroups(int fd, std::vector<gid_t>* groups) {
  groups->resize(64);
  for (int attempt = 0; attempt < 2; attempt++) {
    socklen_t length = static_cast<socklen_t>(groups->size() * sizeof(gid_t));
    int result = getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, groups->data(), &length);
    groups->resize(length / sizeof(gid_t));
    if (result == 0) return true;
    if (errno != ERANGE) return false;
  }
  return false;
}

}  // namespace

// isUnixSocket(fd)
Napi::Value IsUnixSocket(const Napi::CallbackInfo& info) {
  return Napi::Boolean::New(info.Env(), DomainOf(info[0].As<Napi::Number>().Int32Value()) == AF_UNIX);
}

// unixPeer(fd) -> {pid, uid, gid, groups}, undefined where the kernel does not tell.
Napi::Value UnixPeer(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  ucred peer = {};
  socklen_t length = sizeof peer;
  int fd = info[0].As<Napi::Number>().Int32Value();
  std::vector<gid_t> groups;
  if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &length) != 0 || peer.uid == static_cast<uid_t>(-1) ||
      !ReadPeerGroups(fd, &groups)) {
    return env.Undefined();
  }
  Napi::Object result = Napi::Object::New(env);
  result.Set("pid", static_cast<double>(peer.pid));
  result.Set("uid", static_cast<double>(peer.uid));
  result.Set("gid", static_cast<double>(peer.gid));
  Napi::Array list = Napi::Array::New(env, groups.size());
  for (uint32_t i = 0; i < groups.size(); i++) list.Set(i, static_cast<double>(groups[i]));
  result.Set("groups", list);
  return result;
}

// openPeerQuery() -> descriptor, or -errno
Napi::Value OpenPeerQuery(const Napi::CallbackInfo& info) {
  int fd = socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_SOCK_DIAG);
  return Napi::Number::New(info.Env(), fd < 0 ? -errno : fd);
}

// findsListener(query, fd) -> whether the kernel knows that listening socket, as it must
Napi::Value FindsListener(const Napi::CallbackInfo& info) {
  int fd = info[1].As<Napi::Number>().Int32Value();
  Endpoint ours;
  struct stat file;
  if (!ReadEndpoint(getsockname, fd, &ours) || fstat(fd, &file) != 0) return Napi::Boolean::New(info.Env(), false);
  constexpr uint8_t any[16] = {};
  Endpoint nobody = IsMapped(ours) ? Make(AF_INET, any, 0) : Make(AF_INET6, any, 0);
  Answer answer = LookUp(info[0].As<Napi::Number>().Int32Value(), ours, nobody);
  bool is_found = answer.failure == nullptr && answer.state == TCP_LISTEN && answer.inode == file.st_ino;
  return Napi::Boolean::New(info.Env(), is_found);
}

// tcpPeer(query, fd) -> {uid} | {failure}
Napi::Value TcpPeer(const Napi::CallbackInfo& info) {
  Answer answer = FindPeer(info[0].As<Napi::Number>().Int32Value(), info[1].As<Napi::Number>().Int32Value());
  Napi::Object result = Napi::Object::New(info.Env());
  if (answer.failure != nullptr) {
    result.Set("failure", answer.failure);
  } else {
    result.Set("uid", static_cast<double>(answer.uid));
  }
  return result;
}

#else

Napi::Value IsUnixSocket(const Napi::CallbackInfo& info) { return Napi::Boolean::New(info.Env(), false); }
Napi::Value UnixPeer(const Napi::CallbackInfo& info) { return info.Env().Undefined(); }
Napi::Value OpenPeerQuery(const Napi::CallbackInfo& info) { return Napi::Number::New(info.Env(), -1); }
Napi::Value FindsListener(const Napi::CallbackInfo& info) { return Napi::Boolean::New(info.Env(), false); }
Napi::Value TcpPeer(const Napi::CallbackInfo& info) {
  Napi::Object result = Napi::Object::New(info.Env());
  result.Set("failure", "unavailable");
  return result;
}

#endif
