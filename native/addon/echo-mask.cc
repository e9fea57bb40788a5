// The search for an echoed key, as JavaScript calls it: on the very memory of both, so that no copy
// of the key comes into being.

#include <napi.h>

#include "secret.h"

extern "C" {
#include "echo-scan.h"
}

// maskEcho(key, data) -> length of the tail to hold back, plus 65536 where a key was overwritten.
// One number, because an object for each chunk of a stream would cost more than the search.
Napi::Value MaskEcho(const Napi::CallbackInfo& info) {
  Napi::Uint8Array key = info[0].As<Napi::Uint8Array>();
  Napi::Uint8Array data = info[1].As<Napi::Uint8Array>();
  echo_scan scan = mask_echo(key.Data(), key.ByteLength(), data.Data(), data.ByteLength());
  return Napi::Number::New(info.Env(), static_cast<double>(scan.held + (scan.hits > 0 ? 65536 : 0)));
}
