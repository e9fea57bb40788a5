// Memory for the key, and what is done with the key in it.
#ifndef SECRET_H
#define SECRET_H

#include <napi.h>

Napi::Value MapSecretMemory(const Napi::CallbackInfo& info);
Napi::Value LockMemory(const Napi::CallbackInfo& info);
Napi::Value WipeOnFatalSignals(const Napi::CallbackInfo& info);
Napi::Value ReadKey(const Napi::CallbackInfo& info);
Napi::Value FillRandomKey(const Napi::CallbackInfo& info);
Napi::Value MaskEcho(const Napi::CallbackInfo& info);
Napi::Value FingerprintKey(const Napi::CallbackInfo& info);
Napi::Value MaskFormerKey(const Napi::CallbackInfo& info);
Napi::Value Wipe(const Napi::CallbackInfo& info);
Napi::Value ReadReply(const Napi::CallbackInfo& info);
Napi::Value TakeTokenInto(const Napi::CallbackInfo& info);
Napi::Value ErrorCodeOf(const Napi::CallbackInfo& info);
Napi::Value WipeStack(const Napi::CallbackInfo& info);

#endif
