// What the system's databases know of a user: name and groups. They may lie behind a network, so the
// question is asked on the thread pool; getpwuid_r(3), getgrouplist(3).

#include "accounts.h"

#include <cerrno>
#include <grp.h>
#include <pwd.h>
#include <string>
#include <unistd.h>
#include <vector>

namespace {

// A database that answers "more room" for ever ends here.
constexpr size_t kMaxBufferBytes = 1 << 20;
constexpr size_t kMaxGroups = 1 << 16;  // NGROUPS_MAX of Linux

#ifdef __APPLE__
using GroupId = int;
#else
using GroupId = gid_t;
#endif

class AccountQuestion : public Napi::AsyncWorker {
 public:
  AccountQuestion(Napi::Env env, uid_t uid)
      : Napi::AsyncWorker(env), deferred_(Napi::Promise::Deferred::New(env)), uid_(uid) {}

  Napi::Promise Promise() const { return deferred_.Promise(); }

  void Execute() override {
    passwd entry;
    passwd* found = nullptr;
    std::vector<char> buffer(4096);
    while ((errno_ = getpwuid_r(uid_, &entry, buffer.data(), buffer.size(), &found)) == ERANGE &&
           buffer.size() < kMaxBufferBytes) {
      buffer.resize(buffer.size() * 2);
    }
    // Some databases say so of a uid that they do not know.
    if (errno_ == ENOENT || errno_ == ESRCH) errno_ = 0;
    if (errno_ != 0 || found == nullptr) return;
    exists_ = true;
    name_ = entry.pw_name;
    int count = 64;
    groups_.resize(64);
    while (getgrouplist(entry.pw_name, static_cast<GroupId>(entry.pw_gid), groups_.data(), &count) < 0) {
      if (groups_.size() >= kMaxGroups) {
        errno_ = E2BIG;
        return;
      }
      groups_.resize(groups_.size() * 2);
      count = static_cast<int>(groups_.size());
    }
    groups_.resize(static_cast<size_t>(count));
  }

  void OnOK() override {
    Napi::Env env = Env();
    if (errno_ == 0 && !exists_) {
      deferred_.Resolve(env.Undefined());
      return;
    }
    Napi::Object result = Napi::Object::New(env);
    if (errno_ != 0) {
      result.Set("errno", errno_);
    } else {
      result.Set("name", name_);
      Napi::Array groups = Napi::Array::New(env, groups_.size());
      for (uint32_t i = 0; i < groups_.size(); i++) groups.Set(i, static_cast<double>(groups_[i]));
      result.Set("groups", groups);
    }
    deferred_.Resolve(result);
  }

  void OnError(const Napi::Error& error) override { deferred_.Reject(error.Value()); }

 private:
  Napi::Promise::Deferred deferred_;
  uid_t uid_;
  int errno_ = 0;
  bool exists_ = false;
  std::string name_;
  std::vector<GroupId> groups_;
};

}  // namespace

// lookUpAccount(uid) -> promise of {name, groups}, {errno} where it cannot be asked, undefined where
// there is no such user
Napi::Value LookUpAccount(const Napi::CallbackInfo& info) {
  auto* question = new AccountQuestion(info.Env(), info[0].As<Napi::Number>().Uint32Value());
  Napi::Promise promise = question->Promise();
  question->Queue();
  return promise;
}
