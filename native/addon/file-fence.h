// The second Landlock layer, on files made after the start.
#ifndef FILE_FENCE_H
#define FILE_FENCE_H

#include <napi.h>

Napi::Value FenceNewFiles(const Napi::CallbackInfo& info);

#endif
