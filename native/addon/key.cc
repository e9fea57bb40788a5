// The key's way into a slot of secret memory: from a descriptor, or random for --check.

#include <cerrno>
#include <sys/random.h>

#include "key-reader.h"
#include "secret.h"

// readKey(fd, slot, timeoutMs) -> {length} | {failure, errno}
Napi::Value ReadKey(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  int fd = info[0].As<Napi::Number>().Int32Value();
  Napi::Uint8Array slot = info[1].As<Napi::Uint8Array>();
  int timeout_ms = info[2].As<Napi::Number>().Int32Value();

  KeyRead read = ReadKeyFrom(fd, slot.Data(), slot.ByteLength(), timeout_ms);
  Napi::Object result = Napi::Object::New(env);
  if (read.failure != nullptr) {
    result.Set("failure", read.failure);
    result.Set("errno", read.error);
  } else {
    result.Set("length", static_cast<double>(read.length));
  }
  return result;
}

// fillRandomKey(slot, length): letters and digits, so that it passes wherever a key passes.
Napi::Value FillRandomKey(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  Napi::Uint8Array slot = info[0].As<Napi::Uint8Array>();
  size_t length = info[1].As<Napi::Number>().Uint32Value();
  if (length > slot.ByteLength() || getentropy(slot.Data(), length) != 0) {
    Napi::Error::New(env, "no randomness").ThrowAsJavaScriptException();
    return env.Undefined();
  }
  static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789ab";
  for (size_t i = 0; i < length; i++) slot.Data()[i] = static_cast<unsigned char>(alphabet[slot.Data()[i] & 63]);
  return env.Undefined();
}
