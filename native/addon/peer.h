// Who is at the other end of a socket, by the kernel's word.
#ifndef PEER_H
#define PEER_H

#include <napi.h>

Napi::Value UnixPeer(const Napi::CallbackInfo& info);

#endif
