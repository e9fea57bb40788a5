// Becoming another user for good: setgroups(2), setresgid(2), setresuid(2) by the C library, which
// carries them to every thread, then a look at each thread and an attempt to come back.

#include "privileges.h"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <dirent.h>
#include <grp.h>
#include <pwd.h>
#include <string>
#include <sys/types.h>
#include <unistd.h>

#ifdef __linux__
#include <linux/capability.h>
#include <linux/securebits.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#endif

#include "every-thread.h"

namespace {

#ifdef __linux__

// True when the status of one thread shows the uid in all four places, no groups, no capabilities.
bool IsPowerless(const std::string& status_file, uid_t uid, gid_t gid) {
  FILE* status = fopen(status_file.c_str(), "re");
  if (status == nullptr) return false;
  char line[4096];
  int seen = 0;
  bool powerless = true;
  while (fgets(line, sizeof line, status) != nullptr) {
    unsigned id[4];
    unsigned long long capabilities;
    if (sscanf(line, "Uid: %u %u %u %u", &id[0], &id[1], &id[2], &id[3]) == 4) {
      seen++;
      for (unsigned one : id) powerless = powerless && one == uid;
    } else if (sscanf(line, "Gid: %u %u %u %u", &id[0], &id[1], &id[2], &id[3]) == 4) {
      seen++;
      for (unsigned one : id) powerless = powerless && one == gid;
    } else if (strncmp(line, "Groups:", 7) == 0) {
      seen++;
      powerless = powerless && strspn(line + 7, " \t\n") == strlen(line + 7);
    } else if (sscanf(line, "Cap%*3c: %llx", &capabilities) == 1) {
      seen++;
      powerless = powerless && capabilities == 0;
    }
  }
  fclose(status);
  return powerless && seen == 8;  // Uid, Gid, Groups, CapInh, CapPrm, CapEff, CapBnd, CapAmb
}

bool AreAllThreadsPowerless(uid_t uid, gid_t gid) {
  DIR* tasks = opendir("/proc/self/task");
  if (tasks == nullptr) return false;
  bool powerless = true;
  while (dirent* entry = readdir(tasks)) {
    if (entry->d_name[0] == '.') continue;
    powerless = powerless && IsPowerless(std::string("/proc/self/task/") + entry->d_name + "/status", uid, gid);
  }
  closedir(tasks);
  return powerless;
}

#else

bool AreAllThreadsPowerless(uid_t uid, gid_t) { return getuid() == uid && geteuid() == uid; }

#endif

#ifdef __linux__

// Raw system calls alone: it runs in a signal handler, on every thread.
void GiveUpTheBoundingSet() {
  syscall(SYS_prctl, PR_SET_SECUREBITS,
          SECBIT_NOROOT | SECBIT_NOROOT_LOCKED | SECBIT_NO_SETUID_FIXUP_LOCKED | SECBIT_KEEP_CAPS_LOCKED |
              SECBIT_NO_CAP_AMBIENT_RAISE | SECBIT_NO_CAP_AMBIENT_RAISE_LOCKED,
          0, 0, 0);
  for (int capability = 0; capability <= CAP_LAST_CAP; capability++) {
    syscall(SYS_prctl, PR_CAPBSET_DROP, capability, 0, 0, 0);
  }
}

#endif

// The step that failed, nullptr for success.
const char* Drop(uid_t uid, gid_t gid) {
#ifdef __linux__
  if (on_every_thread(GiveUpTheBoundingSet) != 0) return "a thread did not give up its bounding set";
  if (prctl(PR_GET_SECUREBITS) < 0 || (prctl(PR_GET_SECUREBITS) & SECBIT_NOROOT_LOCKED) == 0) return "securebits";
#endif
  if (setgroups(0, nullptr) != 0) return "setgroups";
#ifdef __linux__
  if (setresgid(gid, gid, gid) != 0) return "setresgid";
  if (setresuid(uid, uid, uid) != 0) return "setresuid";
  // A change of user can make the process dumpable, fs.suid_dumpable.
  if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0 || prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) != 0) return "PR_SET_DUMPABLE";
#else
  if (setgid(gid) != 0) return "setgid";
  if (setuid(uid) != 0) return "setuid";
#endif
  if (!AreAllThreadsPowerless(uid, gid)) return "a thread kept privileges";
  if (uid != 0 && (setuid(0) == 0 || seteuid(0) == 0)) return "root could be regained";
  return nullptr;
}

}  // namespace

// findUser(nameOrUid) -> {uid, gid} | undefined. A number needs no account; its group is then itself.
Napi::Value FindUser(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  std::string name = info[0].As<Napi::String>();
  bool is_number = !name.empty() && name.find_first_not_of("0123456789") == std::string::npos && name.size() < 10;
  passwd* entry = is_number ? getpwuid(static_cast<uid_t>(std::stoul(name))) : getpwnam(name.c_str());
  if (entry == nullptr && !is_number) return env.Undefined();
  Napi::Object user = Napi::Object::New(env);
  user.Set("uid", entry != nullptr ? static_cast<double>(entry->pw_uid) : std::stod(name));
  user.Set("gid", entry != nullptr ? static_cast<double>(entry->pw_gid) : std::stod(name));
  return user;
}

// findGroup(nameOrGid) -> gid | undefined
Napi::Value FindGroup(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  std::string name = info[0].As<Napi::String>();
  bool is_number = !name.empty() && name.find_first_not_of("0123456789") == std::string::npos && name.size() < 10;
  if (is_number) return Napi::Number::New(env, std::stod(name));
  group* entry = getgrnam(name.c_str());
  if (entry == nullptr) return env.Undefined();
  return Napi::Number::New(env, static_cast<double>(entry->gr_gid));
}

// dropPrivileges(uid, gid) -> the step that failed, undefined for success
Napi::Value DropPrivileges(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  uid_t uid = info[0].As<Napi::Number>().Uint32Value();
  gid_t gid = info[1].As<Napi::Number>().Uint32Value();
  const char* failed = Drop(uid, gid);
  if (failed == nullptr) return env.Undefined();
  return Napi::String::New(env, failed);
}
