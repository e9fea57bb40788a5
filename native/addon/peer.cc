// What the kernel knows of the other end of a connection and libuv does not tell.

#include "peer.h"

#ifdef __linux__
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#endif

// hasPeerClosed(fd) -> whether a TCP peer has sent its FIN or a reset, also behind bytes that nobody has
// read yet. tcp(7), TCP_INFO. False where it cannot be known.
Napi::Value HasPeerClosed(const Napi::CallbackInfo& info) {
  bool has_closed = false;
#ifdef __linux__
  tcp_info state = {};
  socklen_t length = sizeof state;
  int fd = info[0].As<Napi::Number>().Int32Value();
  if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &state, &length) == 0) has_closed = state.tcpi_state != TCP_ESTABLISHED;
#endif
  return Napi::Boolean::New(info.Env(), has_closed);
}
