// A second Landlock policy, set when the server info is written: from then on files can be made and
// written beneath one folder only, whatever the launcher's policy allowed for the start. A policy is
// each thread's own, and a new thread has its maker's.

#include "file-fence.h"

#ifdef __linux__

#include <atomic>
#include <cerrno>
#include <sys/syscall.h>
#include <unistd.h>

#include "../landlock.h"
#include "every-thread.h"

namespace {

int ruleset;
std::atomic<int> failed;

// Raw system calls alone: it runs in a signal handler, on every thread.
void RestrictThisThread() {
  if (syscall(NR_RESTRICT_SELF, ruleset, 0) != 0) failed = errno;
}

int Fence(int folder) {
  ruleset_attr attributes = {};
  attributes.handled_access_fs = FS_MAKE_REG | FS_WRITE_FILE;
  ruleset = static_cast<int>(syscall(NR_CREATE_RULESET, &attributes, sizeof attributes.handled_access_fs, 0));
  if (ruleset < 0) return errno;
  path_beneath_attr beneath = {};
  beneath.allowed_access = FS_MAKE_REG | FS_WRITE_FILE;
  beneath.parent_fd = folder;
  int error = folder >= 0 && syscall(NR_ADD_RULE, ruleset, RULE_PATH_BENEATH, &beneath, 0) != 0 ? errno : 0;
  failed = 0;
  if (error == 0 && on_every_thread(RestrictThisThread) != 0) error = ESRCH;
  close(ruleset);
  return error != 0 ? error : failed.load();
}

}  // namespace

// fenceNewFiles(folderFd) -> errno, 0 for success. -1 is no folder at all. Cannot be undone.
Napi::Value FenceNewFiles(const Napi::CallbackInfo& info) {
  return Napi::Number::New(info.Env(), Fence(info[0].As<Napi::Number>().Int32Value()));
}

#else

#include <cerrno>

Napi::Value FenceNewFiles(const Napi::CallbackInfo& info) { return Napi::Number::New(info.Env(), ENOSYS); }

#endif
