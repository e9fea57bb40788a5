// TCP connections as the kernel sees them.
#ifndef TCP_H
#define TCP_H

#include <napi.h>

Napi::Value TcpState(const Napi::CallbackInfo& info);
Napi::Value ResetOnClose(const Napi::CallbackInfo& info);

#endif
