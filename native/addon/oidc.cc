// Replies with tokens, as JavaScript asks about them: it hands over the memory in which one arrived
// and gets numbers and yes or no, never text of the reply, but for the code of a refusal.

#include "http-reply.h"
#include "secret.h"
#include "token-reply.h"

#include "../wipe.h"

// readHttpReply(bytes, atEnd) -> {state, status, start, length}
Napi::Value ReadReply(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  Napi::Uint8Array bytes = info[0].As<Napi::Uint8Array>();
  HttpReply reply = ReadHttpReply(bytes.Data(), bytes.ByteLength(), info[1].As<Napi::Boolean>().Value());
  static const char* const states[] = {"incomplete", "malformed", "whole"};
  Napi::Object result = Napi::Object::New(env);
  result.Set("state", states[static_cast<int>(reply.state)]);
  result.Set("status", reply.status);
  result.Set("start", static_cast<double>(reply.body_start));
  result.Set("length", static_cast<double>(reply.body_length));
  return result;
}

// takeToken(body, name, slot) -> {failure} | {length, tokenType, issuedType, expiresIn, expiresAt}
Napi::Value TakeTokenInto(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  Napi::Uint8Array body = info[0].As<Napi::Uint8Array>();
  std::string name = info[1].As<Napi::String>().Utf8Value();
  Napi::Uint8Array slot = info[2].As<Napi::Uint8Array>();

  TokenReply reply = TakeToken(body.Data(), body.ByteLength(), name.c_str(), slot.Data(), slot.ByteLength());
  Napi::Object result = Napi::Object::New(env);
  if (reply.failure != nullptr) {
    result.Set("failure", reply.failure);
    return result;
  }
  auto word = [](bool is_there, bool is_right) { return !is_there ? "absent" : is_right ? "right" : "wrong"; };
  result.Set("length", static_cast<double>(reply.token_length));
  result.Set("tokenType", word(reply.has_token_type, reply.is_bearer));
  result.Set("issuedType", word(reply.has_issued_type, reply.is_access_token));
  result.Set("expiresIn", reply.expires_in);
  result.Set("expiresAt", reply.expires_at);
  return result;
}

// errorCodeOf(body) -> string, empty where there is none
Napi::Value ErrorCodeOf(const Napi::CallbackInfo& info) {
  Napi::Uint8Array body = info[0].As<Napi::Uint8Array>();
  const unsigned char* code = nullptr;
  size_t length = FindErrorCode(body.Data(), body.ByteLength(), &code);
  return Napi::String::New(info.Env(), length == 0 ? "" : reinterpret_cast<const char*>(code), length);
}

// wipeStack(): zeroes what returned functions left below. Node's TLS layer receives into an array of
// 16 KiB on the stack. To be called from the event loop, not from within the layer's own callback.
Napi::Value WipeStack(const Napi::CallbackInfo& info) {
  unsigned char below[128 * 1024];
  wipe(below, sizeof below);
  return info.Env().Undefined();
}
