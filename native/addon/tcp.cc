// What the kernel knows of a TCP connection, and can do with it, and libuv does not offer.

#include "tcp.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>

#ifdef __linux__
// The state of a TCP connection that would look like this unix socket.
static int UnixState(int fd) {
  int domain = 0;
  socklen_t length = sizeof domain;
  if (getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &length) != 0 || domain != AF_UNIX) return 0;
  pollfd entry = {fd, POLLRDHUP, 0};
  return poll(&entry, 1, 0) == 1 && (entry.revents & (POLLRDHUP | POLLHUP)) != 0 ? TCP_CLOSE_WAIT : TCP_ESTABLISHED;
}
#endif

// tcpState(fd) -> tcpi_state of TCP_INFO, tcp(7): it tells of a FIN or a reset also behind bytes that
// nobody has read yet; of a unix socket likewise. 0 where it cannot be known.
Napi::Value TcpState(const Napi::CallbackInfo& info) {
  int state = 0;
#ifdef __linux__
  tcp_info tcp = {};
  socklen_t length = sizeof tcp;
  int fd = info[0].As<Napi::Number>().Int32Value();
  if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &tcp, &length) == 0) state = tcp.tcpi_state;
  else state = UnixState(fd);
#endif
  return Napi::Number::New(info.Env(), state);
}

// resetOnClose(fd): whoever closes it then sends a reset and drops what is not sent yet. socket(7),
// SO_LINGER. For sockets below TLS, which Node does not reset.
Napi::Value ResetOnClose(const Napi::CallbackInfo& info) {
  linger now = {1, 0};
  setsockopt(info[0].As<Napi::Number>().Int32Value(), SOL_SOCKET, SO_LINGER, &now, sizeof now);
  return info.Env().Undefined();
}
