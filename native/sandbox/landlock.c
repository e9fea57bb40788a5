// Files and processes outside, by landlock(7): reading and executing everywhere, writing only beneath the
// writable roots and to the devices that any program needs. Inherited by everything the command starts.
//
// ABI 1 (Linux 5.13) restricts files, 2 renames between folders (1 refuses all of them), 3 truncation
// (the filter does before), 5 device ioctls, 6 (6.12) signals and abstract sockets. Not covered by any:
// mode, owner, times and attributes of files, and the subpaths of a root: mounts do that, where they can.
// A terminal that is made inside can be opened by its name only where /dev/pts is the sandbox's own.

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../landlock.h"
#include "sandbox.h"

enum { FS_TRUNCATE = 1 << 14, FS_IOCTL_DEV = 1 << 15 };
static const uint64_t for_files = FS_EXECUTE | FS_WRITE_FILE | FS_READ_FILE | FS_TRUNCATE | FS_IOCTL_DEV;
static const uint64_t reading = FS_EXECUTE | FS_READ_FILE | FS_READ_DIR;

int landlock_abi(void) {
  int abi = (int)syscall(NR_CREATE_RULESET, NULL, 0, CREATE_RULESET_VERSION);
  return abi < 0 ? 0 : abi;
}

static void not_enforced(const char *step) {
  refuse(SANDBOX_REFUSED, "the kernel must have Landlock (Linux 5.13, and in the list of /sys/kernel/security/lsm)",
         "Landlock was not able to fully enforce all sandbox rules (%s: %s)", step, strerror(errno));
}

static uint64_t handled_rights(int abi) {
  int bits = abi >= 5 ? 16 : abi >= 3 ? 15 : abi >= 2 ? 14 : 13;
  return (1ULL << bits) - 1;
}

static void allow_at(int ruleset, int fd, const char *path, uint64_t rights) {
  struct stat status;
  bool is_known = fstat(fd, &status) == 0 && !S_ISLNK(status.st_mode);
  if (is_known && !S_ISDIR(status.st_mode)) rights &= for_files;
  struct path_beneath_attr attr = {.allowed_access = rights, .parent_fd = fd};
  if (is_known && rights != 0 && syscall(NR_ADD_RULE, ruleset, RULE_PATH_BENEATH, &attr, 0) != 0) not_enforced(path);
  close(fd);
}

// Without effect where the path does not exist: then there is nothing to allow either.
static void allow(int ruleset, const char *path, uint64_t rights) {
  int fd = open(path, O_PATH | O_CLOEXEC);
  if (fd >= 0) allow_at(ruleset, fd, path, rights);
}

static void allow_root(int ruleset, const char *path, uint64_t rights) {
  int fd = open_without_links(path);
  if (fd >= 0) allow_at(ruleset, fd, path, rights);
}

static const char *const devices[] = {"/dev/null", "/dev/zero", "/dev/full", "/dev/tty", "/dev/ptmx"};

static void allow_devices(int ruleset, uint64_t rights, bool has_own_terminals) {
  for (size_t i = 0; i < sizeof devices / sizeof *devices; i++) allow(ruleset, devices[i], rights);
  if (has_own_terminals) allow(ruleset, "/dev/pts", rights);
  struct terminals terminals;
  find_terminals(&terminals);
  for (size_t i = 0; i < terminals.count; i++) {
    char path[32];
    terminal_path(path, terminals.numbers[i]);
    allow(ruleset, path, rights);
  }
}

void restrict_files(const struct file_choice *choice) {
  int abi = landlock_abi();
  if (abi == 0) not_enforced("no Landlock");
  uint64_t handled = handled_rights(abi);
  struct ruleset_attr attr = {
      .handled_access_fs = handled,
      .scoped = abi >= 6 ? SCOPE_SIGNAL | SCOPE_ABSTRACT_UNIX_SOCKET : 0,
  };
  // An older kernel refuses a larger structure than it knows.
  size_t size = abi >= 6 ? sizeof attr : sizeof(uint64_t);
  int ruleset = (int)syscall(NR_CREATE_RULESET, &attr, size, 0);
  if (ruleset < 0) not_enforced("rule set");

  allow(ruleset, "/", reading & handled);
  allow_devices(ruleset, (FS_READ_FILE | FS_WRITE_FILE | FS_TRUNCATE | FS_IOCTL_DEV) & handled, choice->has_own_terminals);
  uint64_t writing = handled & ~(uint64_t)FS_IOCTL_DEV;
  if (choice->has_private_shm) allow(ruleset, "/dev/shm", writing);
  for (size_t i = 0; i < choice->layout->roots.count; i++) allow_root(ruleset, choice->layout->roots.paths[i], writing);

  if (syscall(NR_RESTRICT_SELF, ruleset, 0) != 0) not_enforced("restricting itself");
  close(ruleset);
}
