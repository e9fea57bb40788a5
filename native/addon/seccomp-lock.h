// The system call filter that is put in place last.
#ifndef SECCOMP_LOCK_H
#define SECCOMP_LOCK_H

#include <napi.h>

Napi::Value Lock(const Napi::CallbackInfo& info);

#endif
