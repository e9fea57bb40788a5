// Who is at the other end of a socket, by the kernel's word.
#ifndef PEER_H
#define PEER_H

#include <napi.h>

Napi::Value IsUnixSocket(const Napi::CallbackInfo& info);
Napi::Value UnixPeer(const Napi::CallbackInfo& info);
Napi::Value OpenPeerQuery(const Napi::CallbackInfo& info);
Napi::Value FindsListener(const Napi::CallbackInfo& info);
Napi::Value TcpPeer(const Napi::CallbackInfo& info);

#endif
