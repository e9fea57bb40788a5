// Memory for the key that no other process can read, passive root included: memfd_secret(2), Linux
// 5.14, on by default since 6.5. Its pages leave the kernel's direct map, are locked, and answer EIO
// to /proc/PID/mem and ptrace. Not protected: code run inside this process, by root with a debugger.

#include <cerrno>
#include <cstdint>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../wipe.h"
#include "fatal-signals.h"
#include "secret.h"

#ifdef __linux__

namespace {

// The same number on every architecture that has the call.
constexpr long kMemfdSecret = 447;

Napi::Object Failure(Napi::Env env, int error) {
  Napi::Object result = Napi::Object::New(env);
  result.Set("errno", error);
  return result;
}

}  // namespace

// mapSecretMemory(bytes) -> {memory: Uint8Array} | {errno}. Never unmapped: it is the key's for life.
Napi::Value MapSecretMemory(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  size_t bytes = info[0].As<Napi::Number>().Uint32Value();

  int fd = static_cast<int>(syscall(kMemfdSecret, O_CLOEXEC));
  if (fd < 0) return Failure(env, errno);
  if (ftruncate(fd, static_cast<off_t>(bytes)) != 0) {
    int error = errno;
    close(fd);
    return Failure(env, error);
  }
  // MAP_SHARED is the only kind it takes. RLIMIT_MEMLOCK counts it: EAGAIN when it is too small.
  void* memory = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  int error = errno;
  close(fd);
  if (memory == MAP_FAILED) return Failure(env, error);

  madvise(memory, bytes, MADV_DONTDUMP);
  madvise(memory, bytes, MADV_DONTFORK);

  Napi::Object result = Napi::Object::New(env);
  Napi::ArrayBuffer buffer = Napi::ArrayBuffer::New(env, memory, bytes);
  result.Set("memory", Napi::Uint8Array::New(env, bytes, buffer, 0));
  return result;
}

#else

Napi::Value MapSecretMemory(const Napi::CallbackInfo& info) {
  Napi::Object result = Napi::Object::New(info.Env());
  result.Set("errno", ENOSYS);
  return result;
}

#endif

// lockMemory(memory) -> errno: mlock(2), out of dumps, zero in a child. For memory that came from
// elsewhere; libsodium does not tell whether its own attempt worked.
Napi::Value LockMemory(const Napi::CallbackInfo& info) {
  Napi::Uint8Array memory = info[0].As<Napi::Uint8Array>();
  int error = mlock(memory.Data(), memory.ByteLength()) == 0 ? 0 : errno;
#ifdef __linux__
  // madvise(2) wants whole pages; libsodium puts what it gives out at the end of its pages.
  uintptr_t page = static_cast<uintptr_t>(sysconf(_SC_PAGESIZE));
  uintptr_t start = reinterpret_cast<uintptr_t>(memory.Data()) & ~(page - 1);
  uintptr_t end = reinterpret_cast<uintptr_t>(memory.Data()) + memory.ByteLength();
  madvise(reinterpret_cast<void*>(start), end - start, MADV_DONTDUMP);
  madvise(reinterpret_cast<void*>(start), end - start, MADV_WIPEONFORK);
#endif
  return Napi::Number::New(info.Env(), error);
}

// wipe(memory): zeroes it in a way that the compiler may not leave out.
Napi::Value Wipe(const Napi::CallbackInfo& info) {
  Napi::Uint8Array memory = info[0].As<Napi::Uint8Array>();
  wipe(memory.Data(), memory.ByteLength());
  return info.Env().Undefined();
}

// wipeOnFatalSignals(memory): once, for the memory that is the key's for life.
Napi::Value WipeOnFatalSignals(const Napi::CallbackInfo& info) {
  Napi::Uint8Array memory = info[0].As<Napi::Uint8Array>();
  wipe_on_fatal_signals(memory.Data(), memory.ByteLength());
  return info.Env().Undefined();
}
