// What root keeps inside the sandbox: the right to use files as root does, within what Landlock and the
// mounts leave. Nothing that makes devices, loads code into the kernel or touches the machine's state.

#include <errno.h>
#include <linux/capability.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "sandbox.h"

// Folders of a container's workspace often belong to a user of the host, so root needs these to write there.
static const uint64_t kept_by_root = 1ULL << CAP_CHOWN | 1ULL << CAP_DAC_OVERRIDE | 1ULL << CAP_DAC_READ_SEARCH |
                                     1ULL << CAP_FOWNER | 1ULL << CAP_FSETID | 1ULL << CAP_SETUID |
                                     1ULL << CAP_SETGID;

void refuse_privileges(bool network_access) {
  uint64_t kept = geteuid() == 0 ? kept_by_root : 0;
  if (network_access) kept |= geteuid() == 0 ? 1ULL << CAP_NET_BIND_SERVICE : 0;
  struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
  struct __user_cap_data_struct caps[_LINUX_CAPABILITY_U32S_3];
  if (syscall(SYS_capget, &header, caps) != 0) refuse(SANDBOX_REFUSED, NULL, "cannot read capabilities");

  prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
  // Without CAP_SETPCAP it fails, and cannot matter: no exec gives more than the permitted set then,
  // under no_new_privs.
  for (int capability = 0; prctl(PR_CAPBSET_READ, capability) >= 0; capability++) {
    if ((kept >> capability & 1) == 0) prctl(PR_CAPBSET_DROP, capability);
  }
  for (int i = 0; i < _LINUX_CAPABILITY_U32S_3; i++) {
    uint32_t word = (uint32_t)(kept >> (32 * i));
    caps[i].permitted &= word;
    caps[i].effective &= word;
    caps[i].inheritable = 0;
  }
  if (syscall(SYS_capset, &header, caps) != 0) {
    refuse(SANDBOX_REFUSED, NULL, "cannot give up capabilities: %s", strerror(errno));
  }
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) {
    refuse(SANDBOX_REFUSED, NULL, "cannot refuse new privileges: %s", strerror(errno));
  }
}

bool may_administer(void) {
  struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
  struct __user_cap_data_struct caps[_LINUX_CAPABILITY_U32S_3];
  return syscall(SYS_capget, &header, caps) == 0 && (caps[0].effective >> CAP_SYS_ADMIN & 1) != 0;
}
