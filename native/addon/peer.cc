// Who is at the other end of a socket. The kernel noted it when the connection was made: whoever holds
// the socket later cannot change it. unix(7), SO_PEERCRED.

#include "peer.h"

#include <sys/socket.h>

// unixPeer(fd) -> {pid, uid, gid}, undefined where the kernel does not tell.
Napi::Value UnixPeer(const Napi::CallbackInfo& info) {
#ifdef __linux__
  ucred peer = {};
  socklen_t length = sizeof peer;
  int fd = info[0].As<Napi::Number>().Int32Value();
  if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &length) == 0 && peer.uid != static_cast<uid_t>(-1)) {
    Napi::Object result = Napi::Object::New(info.Env());
    result.Set("pid", static_cast<double>(peer.pid));
    result.Set("uid", static_cast<double>(peer.uid));
    result.Set("gid", static_cast<double>(peer.gid));
    return result;
  }
#endif
  return info.Env().Undefined();
}
