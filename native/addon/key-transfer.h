// A key's way over a unix socket, from one process's secret memory into another's.
#ifndef KEY_TRANSFER_H
#define KEY_TRANSFER_H

#include <napi.h>

Napi::Value ReceiveKey(const Napi::CallbackInfo& info);
Napi::Value StopReceivingKey(const Napi::CallbackInfo& info);
Napi::Value SendKey(const Napi::CallbackInfo& info);

#endif
