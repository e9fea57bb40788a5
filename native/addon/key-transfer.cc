// A key's way over a unix socket: from one process's secret memory by send(2), into another's by the
// reader that reads stdin at the start. libuv, which has the socket otherwise, never holds a byte of it.

#include "key-transfer.h"

#include <atomic>
#include <cerrno>
#include <ctime>
#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "../wipe.h"
#include "key-reader.h"

namespace {

// The descriptor on which a key is awaited, -1 for none. One at a time: there is one slot to spare.
std::atomic<int> receiving{-1};
std::atomic<bool> is_stopped{false};

// On a thread of the pool, which may wait. The descriptor is its own, as the socket's may be closed.
class Receiver : public Napi::AsyncWorker {
 public:
  Receiver(Napi::Env env, int fd, Napi::Uint8Array slot, int timeout_ms)
      : AsyncWorker(env), deferred_(Napi::Promise::Deferred::New(env)), slot_(Napi::Persistent(slot.As<Napi::Object>())),
        memory_(slot.Data()), capacity_(slot.ByteLength()), fd_(fd), timeout_ms_(timeout_ms) {}

  Napi::Promise Promise() const { return deferred_.Promise(); }

  void Execute() override {
    read_ = ReadKeyFrom(fd_, memory_, capacity_, timeout_ms_, true);
    // At exit the memory has been zeroed, and stays so.
    if (is_stopped) wipe(memory_, capacity_);
    receiving = -1;
    close(fd_);
  }

  void OnOK() override {
    Napi::Object result = Napi::Object::New(Env());
    if (read_.failure != nullptr) {
      result.Set("failure", read_.failure);
      result.Set("errno", read_.error);
    } else {
      result.Set("length", static_cast<double>(read_.length));
    }
    deferred_.Resolve(result);
  }

 private:
  Napi::Promise::Deferred deferred_;
  Napi::ObjectReference slot_;  // keeps the memory
  unsigned char* memory_;
  size_t capacity_;
  int fd_;
  int timeout_ms_;
  KeyRead read_ = {};
};

}  // namespace

// receiveKey(fd, slot, timeoutMs) -> Promise of {length} | {failure, errno}, as readKey; undefined while
// another one is awaited. The slot is the worker's until then.
Napi::Value ReceiveKey(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  if (receiving != -1) return env.Undefined();
  int fd = fcntl(info[0].As<Napi::Number>().Int32Value(), F_DUPFD_CLOEXEC, 3);
  if (fd < 0) {
    Napi::Error::New(env, "no descriptor").ThrowAsJavaScriptException();
    return env.Undefined();
  }
  receiving = fd;
  Receiver* receiver =
      new Receiver(env, fd, info[1].As<Napi::Uint8Array>(), info[2].As<Napi::Number>().Int32Value());
  Napi::Promise promise = receiver->Promise();
  receiver->Queue();  // deletes itself when done
  return promise;
}

// stopReceivingKey(): ends the wait for good. Node joins its threads at exit.
Napi::Value StopReceivingKey(const Napi::CallbackInfo& info) {
  is_stopped = true;
  int fd = receiving;
  if (fd != -1) shutdown(fd, SHUT_RDWR);
  return info.Env().Undefined();
}

// sendKey(fd, key, timeoutMs) -> errno, 0 for success: the key and a newline. Blocks the thread.
Napi::Value SendKey(const Napi::CallbackInfo& info) {
  int fd = info[0].As<Napi::Number>().Int32Value();
  Napi::Uint8Array key = info[1].As<Napi::Uint8Array>();
  int timeout_ms = info[2].As<Napi::Number>().Int32Value();
  char newline = '\n';
  iovec parts[] = {{key.Data(), key.ByteLength()}, {&newline, 1}};
  size_t first = 0;
  while (first < 2) {
    pollfd entry = {fd, POLLOUT, 0};
    int ready = poll(&entry, 1, timeout_ms);
    if (ready < 0 && errno == EINTR) continue;
    if (ready <= 0) return Napi::Number::New(info.Env(), ready == 0 ? ETIMEDOUT : errno);
    msghdr message = {};
    message.msg_iov = parts + first;
    message.msg_iovlen = 2 - first;
    ssize_t sent = sendmsg(fd, &message, MSG_NOSIGNAL);
    if (sent < 0 && (errno == EINTR || errno == EAGAIN)) continue;
    if (sent < 0) return Napi::Number::New(info.Env(), errno);
    for (size_t left = static_cast<size_t>(sent); first < 2; first++) {
      size_t bytes = left < parts[first].iov_len ? left : parts[first].iov_len;
      parts[first].iov_base = static_cast<char*>(parts[first].iov_base) + bytes;
      parts[first].iov_len -= bytes;
      left -= bytes;
      if (parts[first].iov_len > 0) break;
    }
  }
  return Napi::Number::New(info.Env(), 0);
}
