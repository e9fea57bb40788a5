// What root keeps between the exec of Node and the drop: the capabilities that the start needs, no
// others, and no way to keep them over the change of user. capabilities(7).

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "launcher.h"

#ifdef __linux__
#include <linux/capability.h>
#include <linux/securebits.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

static const int needed_by_the_start[] = {
    CAP_SETUID,           // the drop
    CAP_SETGID,           // the drop
    CAP_DAC_READ_SEARCH,  // a package, or a key file's folder, in somebody's private home
    CAP_SETPCAP,          // emptying the bounding set and locking the securebits before the drop
    CAP_IPC_LOCK,         // memory for the key, whatever the limit
};

static bool is_needed(int capability, bool gives_folder_away) {
  if (capability == CAP_CHOWN) return gives_folder_away;  // a new folder for dumps, to the service user
  for (size_t i = 0; i < sizeof needed_by_the_start / sizeof *needed_by_the_start; i++) {
    if (needed_by_the_start[i] == capability) return true;
  }
  return false;
}

void limit_capabilities(bool gives_folder_away) {
  prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
  if (geteuid() != 0) {
    // What a starter has left to a user who needs none of it.
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = {{0}}, present[_LINUX_CAPABILITY_U32S_3];
    // Not asked for what is so already: a service manager's filter may deny the call.
    if (syscall(SYS_capget, &header, present) == 0 && memcmp(present, none, sizeof none) == 0) return;
    if (syscall(SYS_capset, &header, none) != 0) {
      fail(EXIT_LAUNCHER, NULL, "cannot give up capabilities: %s", strerror(errno));
    }
    return;
  }
  // May be denied in a container: then its manager has set what it wants.
  prctl(PR_SET_SECUREBITS,
        SECBIT_KEEP_CAPS_LOCKED | SECBIT_NO_SETUID_FIXUP_LOCKED | SECBIT_NO_CAP_AMBIENT_RAISE |
            SECBIT_NO_CAP_AMBIENT_RAISE_LOCKED);
  for (int capability = 0; prctl(PR_CAPBSET_READ, capability) >= 0; capability++) {
    if (!is_needed(capability, gives_folder_away)) prctl(PR_CAPBSET_DROP, capability);
  }
}
#else
void limit_capabilities(bool gives_folder_away) { (void)gives_folder_away; }
#endif
