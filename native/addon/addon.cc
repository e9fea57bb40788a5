// The addon's table of contents: every native function that hardening/native.ts declares.

#include <napi.h>

#include "accounts.h"
#include "file-fence.h"
#include "key-transfer.h"
#include "peer.h"
#include "privileges.h"
#include "process.h"
#include "seccomp-lock.h"
#include "secret.h"
#include "tcp.h"

static Napi::Object Init(Napi::Env env, Napi::Object exports) {
  exports.Set("mapSecretMemory", Napi::Function::New(env, MapSecretMemory));
  exports.Set("lockMemory", Napi::Function::New(env, LockMemory));
  exports.Set("wipeOnFatalSignals", Napi::Function::New(env, WipeOnFatalSignals));
  exports.Set("readKey", Napi::Function::New(env, ReadKey));
  exports.Set("fillRandomKey", Napi::Function::New(env, FillRandomKey));
  exports.Set("maskEcho", Napi::Function::New(env, MaskEcho));
  exports.Set("fingerprintKey", Napi::Function::New(env, FingerprintKey));
  exports.Set("maskFormerKey", Napi::Function::New(env, MaskFormerKey));
  exports.Set("receiveKey", Napi::Function::New(env, ReceiveKey));
  exports.Set("stopReceivingKey", Napi::Function::New(env, StopReceivingKey));
  exports.Set("sendKey", Napi::Function::New(env, SendKey));
  exports.Set("wipe", Napi::Function::New(env, Wipe));
  exports.Set("readHttpReply", Napi::Function::New(env, ReadReply));
  exports.Set("takeToken", Napi::Function::New(env, TakeTokenInto));
  exports.Set("errorCodeOf", Napi::Function::New(env, ErrorCodeOf));
  exports.Set("wipeStack", Napi::Function::New(env, WipeStack));
  exports.Set("replaceWithNull", Napi::Function::New(env, ReplaceWithNull));
  exports.Set("tcpState", Napi::Function::New(env, TcpState));
  exports.Set("resetOnClose", Napi::Function::New(env, ResetOnClose));
  exports.Set("isUnixSocket", Napi::Function::New(env, IsUnixSocket));
  exports.Set("openPeerQuery", Napi::Function::New(env, OpenPeerQuery));
  exports.Set("findsListener", Napi::Function::New(env, FindsListener));
  exports.Set("tcpPeer", Napi::Function::New(env, TcpPeer));
  exports.Set("lookUpAccount", Napi::Function::New(env, LookUpAccount));
  exports.Set("unixPeer", Napi::Function::New(env, UnixPeer));
  exports.Set("findUser", Napi::Function::New(env, FindUser));
  exports.Set("findGroup", Napi::Function::New(env, FindGroup));
  exports.Set("dropPrivileges", Napi::Function::New(env, DropPrivileges));
  exports.Set("fenceNewFiles", Napi::Function::New(env, FenceNewFiles));
  exports.Set("lock", Napi::Function::New(env, Lock));
  exports.Set("canWrite", Napi::Function::New(env, CanWrite));
  exports.Set("readFacts", Napi::Function::New(env, ReadFacts));
  return exports;
}

NODE_API_MODULE(hardening, Init)
