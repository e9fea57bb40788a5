// Facts about this process, from the kernel.
#ifndef PROCESS_H
#define PROCESS_H

#include <napi.h>

Napi::Value ReplaceWithNull(const Napi::CallbackInfo& info);
Napi::Value CanWrite(const Napi::CallbackInfo& info);
Napi::Value ReadFacts(const Napi::CallbackInfo& info);

#endif
