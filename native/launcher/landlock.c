// The file and network policy of the whole process, landlock(7). Set before the exec, so that every
// thread inherits it. Rules name directories where the system replaces files by rename: a rule on
// /etc/resolv.conf would stop matching with the next DHCP lease.
//
// ABI 1 (Linux 5.13) restricts files, 2 renames, 3 truncation, 4 (6.7) TCP, 5 device ioctls, 6 (6.12)
// abstract sockets and signals. Not covered by any: UDP, other hosts on an allowed port, metadata.

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../landlock.h"
#include "launcher.h"

#ifdef __linux__

static uint64_t all_file_rights(int abi) {
  int bits = abi >= 5 ? 16 : abi >= 3 ? 15 : abi >= 2 ? 14 : 13;
  return (1ULL << bits) - 1;
}

static int create_ruleset(int abi, uint64_t scoped) {
  struct ruleset_attr attr = {
      .handled_access_fs = all_file_rights(abi),
      .handled_access_net = abi >= 4 ? NET_BIND_TCP | NET_CONNECT_TCP : 0,
      .scoped = abi >= 6 ? scoped : 0,
  };
  // An older kernel refuses a larger structure than it knows.
  size_t size = abi >= 6 ? sizeof attr : abi >= 4 ? 2 * sizeof(uint64_t) : sizeof(uint64_t);
  return (int)syscall(NR_CREATE_RULESET, &attr, size, 0);
}

// Without effect where the path does not exist: then there is nothing to allow either.
static void allow_beneath(int ruleset, const char *path, uint64_t rights) {
  int fd = open(path, O_PATH | O_CLOEXEC);
  if (fd < 0) return;
  struct stat status;
  bool is_folder = fstat(fd, &status) == 0 && S_ISDIR(status.st_mode);
  if (!is_folder) rights &= FS_EXECUTE | FS_WRITE_FILE | FS_READ_FILE;
  struct path_beneath_attr attr = {.allowed_access = rights, .parent_fd = fd};
  syscall(NR_ADD_RULE, ruleset, RULE_PATH_BENEATH, &attr, 0);
  close(fd);
}

static void allow_folder_of(int ruleset, const char *file, uint64_t rights) {
  char path[PATH_MAX];
  snprintf(path, sizeof path, "%s", file);
  allow_beneath(ruleset, dirname(path), rights);
}

// To put the file there by a rename. Not to read: the folder may be /tmp, and a rule holds for everything
// below it; nor to write, the file is open already.
static void allow_renaming_beside(int ruleset, const char *file) {
  allow_folder_of(ruleset, file, FS_REMOVE_FILE | FS_MAKE_REG);
}

static void allow_connecting_to(int ruleset, int port) {
  struct net_port_attr attr = {.allowed_access = NET_CONNECT_TCP, .port = (uint64_t)port};
  syscall(NR_ADD_RULE, ruleset, RULE_NET_PORT, &attr, 0);
}

// Node 26 looks for a package.json in the working directory and above it before it loads the addon,
// and gives up when it may not read the one that it finds. The files alone, not their folders.
static void allow_package_files_above(int ruleset) {
  char folder[PATH_MAX];
  if (getcwd(folder, sizeof folder) == NULL) return;
  for (;;) {
    char file[PATH_MAX + 16];
    snprintf(file, sizeof file, "%s/package.json", folder);
    allow_beneath(ruleset, file, FS_READ_FILE);
    char *slash = strrchr(folder, '/');
    if (slash == NULL || folder[0] == '\0') return;
    *slash = '\0';
  }
}

// The port of a URL. What is wrong with the URL is for Node to say; 443 is then as good.
static int port_of(const char *url) {
  const char *host = strstr(url, "://");
  if (host == NULL) return 443;
  host += 3;
  const char *end = host + strcspn(host, "/?#");
  const char *bracket = memchr(host, ']', (size_t)(end - host));
  const char *colon = memchr(bracket == NULL ? host : bracket, ':', (size_t)(end - (bracket == NULL ? host : bracket)));
  if (colon != NULL && colon + 1 < end) return atoi(colon + 1);
  return strncasecmp(url, "http:", 5) == 0 ? 80 : 443;
}

static const char *const readable_folders[] = {
    "/usr",                  // libraries, CA certificates, time zones
    "/lib",    "/lib64",     // where they are no links into /usr
    "/etc",                  // resolver, hosts, users, TLS
    "/run/systemd/resolve",  // where /etc/resolv.conf points to
    "/run/resolvconf",       // likewise
    "/run/NetworkManager",   // likewise
    "/var/lib/ca-certificates",
    "/proc",                 // of its own process; others are guarded by their uid
    "/sys/fs/cgroup",        // memory limits, read by libuv
    "/sys/devices/system",   // processors and memory, read by libuv and V8
    "/sys/kernel/mm",        // huge pages, read by allocators
};

// Returns the kernel's ABI, 0 where there is no Landlock.
int restrict_files_and_network(const struct package_paths *paths, const struct options *options) {
  int abi = (int)syscall(NR_CREATE_RULESET, NULL, 0, CREATE_RULESET_VERSION);
  if (abi <= 0) return 0;

  int ruleset = create_ruleset(abi, SCOPE_SIGNAL | SCOPE_ABSTRACT_UNIX_SOCKET);
  if (ruleset < 0) return 0;

  const uint64_t reading = FS_READ_FILE | FS_READ_DIR;
  for (size_t i = 0; i < sizeof readable_folders / sizeof *readable_folders; i++) {
    allow_beneath(ruleset, readable_folders[i], reading);
  }
  // The one exec that follows: Node and the dynamic loader that its file names.
  allow_folder_of(ruleset, NODE_PATH, reading | FS_EXECUTE);
  allow_beneath(ruleset, "/lib", reading | FS_EXECUTE);
  allow_beneath(ruleset, "/lib64", reading | FS_EXECUTE);
  allow_beneath(ruleset, "/usr/lib", reading | FS_EXECUTE);
  allow_beneath(ruleset, "/dev/null", FS_READ_FILE | FS_WRITE_FILE);
  allow_beneath(ruleset, "/dev/urandom", FS_READ_FILE);

  allow_package_files_above(ruleset);
  allow_beneath(ruleset, paths->root, reading);
  char modules[PATH_MAX + 16];
  snprintf(modules, sizeof modules, "%s/node_modules", paths->root);
  allow_beneath(ruleset, modules, reading);  // may be a link to elsewhere
  // As a dependency of another package this one finds its own beside it.
  snprintf(modules, sizeof modules, "%s/..", paths->root);
  char parent[PATH_MAX];
  if (realpath(modules, parent) != NULL && strstr(parent, "/node_modules") != NULL) {
    allow_beneath(ruleset, parent, reading);
  }

  char resolved[PATH_MAX];
  if (options->upstream_ca != NULL) {
    allow_folder_of(ruleset, options->upstream_ca, reading);
    // A link, as CA bundles often are, is allowed where it leads to.
    if (realpath(options->upstream_ca, resolved) != NULL) allow_folder_of(ruleset, resolved, reading);
  }
  if (options->client_tokens != NULL) allow_beneath(ruleset, options->client_tokens, FS_READ_FILE);
  // The files alone: other keys may lie beside this one.
  if (options->upstream_client_cert != NULL) allow_beneath(ruleset, options->upstream_client_cert, FS_READ_FILE);
  if (options->upstream_client_key != NULL) allow_beneath(ruleset, options->upstream_client_key, FS_READ_FILE);
  // The resolver's file, wherever the system keeps it.
  if (realpath("/etc/resolv.conf", resolved) != NULL) allow_folder_of(ruleset, resolved, reading);
  if (options->server_info != NULL) allow_renaming_beside(ruleset, options->server_info);
  if (options->dump_folder >= 0) {
    // Not to read or list: what was dumped before is not the process's to look at.
    struct path_beneath_attr dumps = {.allowed_access = FS_WRITE_FILE | FS_MAKE_REG, .parent_fd = options->dump_folder};
    syscall(NR_ADD_RULE, ruleset, RULE_PATH_BENEATH, &dumps, 0);
  }
  if (abi >= 4) {
    const char *next_hop = options->upstream_proxy != NULL ? options->upstream_proxy : options->upstream_url;
    allow_connecting_to(ruleset, port_of(next_hop));
    allow_connecting_to(ruleset, 53);
    if (options->oidc_url != NULL && options->upstream_proxy == NULL) {
      allow_connecting_to(ruleset, port_of(options->oidc_url));
      allow_connecting_to(ruleset, 443);  // where the token is exchanged
    }
  }

  bool restricted = syscall(NR_RESTRICT_SELF, ruleset, 0) == 0;
  close(ruleset);
  return restricted ? abi : 0;
}

static void allow_in_folder(int ruleset, int folder, uint64_t rights) {
  struct path_beneath_attr attr = {.allowed_access = rights, .parent_fd = folder};
  if (folder >= 0) syscall(NR_ADD_RULE, ruleset, RULE_PATH_BENEATH, &attr, 0);
}

// The janitor may look into the folder of server info, remove files from it, and make the one by which it
// is locked; from the folders of sockets it may remove files.
void confine_janitor(int server_info_folder, const struct socket_file files[SOCKET_FILES]) {
  int abi = (int)syscall(NR_CREATE_RULESET, NULL, 0, CREATE_RULESET_VERSION);
  if (abi <= 0) return;
  int ruleset = create_ruleset(abi, SCOPE_SIGNAL | SCOPE_ABSTRACT_UNIX_SOCKET);
  if (ruleset < 0) return;
  allow_in_folder(ruleset, server_info_folder, FS_READ_FILE | FS_REMOVE_FILE | FS_MAKE_REG);
  for (int i = 0; i < SOCKET_FILES; i++) {
    if (files[i].name[0] != '\0') allow_in_folder(ruleset, files[i].folder, FS_REMOVE_FILE);
  }
  syscall(NR_RESTRICT_SELF, ruleset, 0);
  close(ruleset);
}

#else
int restrict_files_and_network(const struct package_paths *paths, const struct options *options) {
  (void)paths, (void)options;
  return 0;
}
#endif
