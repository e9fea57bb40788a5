#ifndef PEER_H
#define PEER_H

#include <napi.h>

Napi::Value HasPeerClosed(const Napi::CallbackInfo& info);

#endif
