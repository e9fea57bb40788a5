// The search for an echoed key, as JavaScript calls it: on the very memory of both, so that no copy
// of the key comes into being.

#include <cstring>
#include <napi.h>
#include <sys/random.h>

#include "secret.h"

extern "C" {
#include "echo-scan.h"
#include "key-fingerprint.h"
}

// maskEcho(key, data) -> length of the tail to hold back, plus 65536 where a key was overwritten.
// One number, because an object for each chunk of a stream would cost more than the search.
Napi::Value MaskEcho(const Napi::CallbackInfo& info) {
  Napi::Uint8Array key = info[0].As<Napi::Uint8Array>();
  Napi::Uint8Array data = info[1].As<Napi::Uint8Array>();
  echo_scan scan = mask_echo(key.Data(), key.ByteLength(), data.Data(), data.ByteLength());
  return Napi::Number::New(info.Env(), static_cast<double>(scan.held + (scan.hits > 0 ? 65536 : 0)));
}

// fingerprintKey(key) -> Uint8Array, for maskFormerKey. JavaScript keeps it and does not look into it.
Napi::Value FingerprintKey(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  Napi::Uint8Array key = info[0].As<Napi::Uint8Array>();
  uint64_t random = 0;
  if (getentropy(&random, sizeof random) != 0) {
    Napi::Error::New(env, "no randomness").ThrowAsJavaScriptException();
    return env.Undefined();
  }
  key_fingerprint fingerprint = fingerprint_key(key.Data(), key.ByteLength(), random);
  Napi::Uint8Array result = Napi::Uint8Array::New(env, sizeof fingerprint);
  memcpy(result.Data(), &fingerprint, sizeof fingerprint);
  return result;
}

// maskFormerKey(fingerprint, data) -> whether it was found and overwritten
Napi::Value MaskFormerKey(const Napi::CallbackInfo& info) {
  key_fingerprint fingerprint;
  memcpy(&fingerprint, info[0].As<Napi::Uint8Array>().Data(), sizeof fingerprint);
  Napi::Uint8Array data = info[1].As<Napi::Uint8Array>();
  return Napi::Boolean::New(info.Env(), mask_fingerprint(&fingerprint, data.Data(), data.ByteLength()) > 0);
}
