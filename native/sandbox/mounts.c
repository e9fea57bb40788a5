// What Landlock cannot say, by mounts in a namespace of the sandbox's own: everything read-only but the
// writable roots, so that modes, owners, times and attributes outside cannot be changed either; protected
// paths read-only inside the roots; shared memory, terminals and processes of the sandbox's own.

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "sandbox.h"

enum { NR_OPEN_TREE = 428, NR_MOVE_MOUNT = 429, NR_MOUNT_SETATTR = 442 };
enum { TREE_CLONE = 1, FROM_EMPTY_PATH = 4, TO_EMPTY_PATH = 0x40, WHOLE_TREE = 0x8000, ATTR_RDONLY = 1 };

struct attributes {
  uint64_t set, clear, propagation, userns_fd;
};

// Nothing is followed: a link on the way was put there since the paths were planned.
int clone_at(const char *path) {
  int place = open_without_links(path);
  if (place < 0) return -1;
  int tree = (int)syscall(NR_OPEN_TREE, place, "", TREE_CLONE | O_CLOEXEC | WHOLE_TREE | AT_EMPTY_PATH);
  int error = errno;
  close(place);
  errno = error;
  return tree;
}

bool attach_at(int tree, const char *path) {
  int place = open_without_links(path);
  if (place < 0) return false;
  bool is_attached = syscall(NR_MOVE_MOUNT, tree, "", place, "", FROM_EMPTY_PATH | TO_EMPTY_PATH) == 0;
  int error = errno;
  close(place);
  errno = error;
  return is_attached;
}

static bool make_read_only(int tree, const char *path, unsigned flags) {
  struct attributes attributes = {.set = ATTR_RDONLY};
  return syscall(NR_MOUNT_SETATTR, tree, path, flags | WHOLE_TREE, &attributes, sizeof attributes) == 0;
}

static bool mount_on_itself(const char *path, bool read_only) {
  int tree = clone_at(path);
  if (tree < 0) return false;
  bool is_mounted = (!read_only || make_read_only(tree, "", AT_EMPTY_PATH)) && attach_at(tree, path);
  int error = errno;
  close(tree);
  errno = error;
  return is_mounted;
}

static bool is_root_below(const struct layout *layout, const char *folder) {
  for (size_t i = 0; i < layout->roots.count; i++) {
    if (lies_within(layout->roots.paths[i], folder)) return true;
  }
  return false;
}

// Sockets by which a program outside would run commands for whoever connects. With network access alone;
// without, there is no connecting at all.
static void hide(const char *path) {
  struct stat status;
  if (stat(path, &status) != 0) return;
  if (S_ISDIR(status.st_mode)) {
    mount("tmpfs", path, "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC | MS_RDONLY, "mode=755,size=4k");
  } else {
    mount("/dev/null", path, NULL, MS_BIND, NULL);
  }
}

static void hide_address(const char *variable) {
  const char *value = getenv(variable), *path = value == NULL ? NULL : strstr(value, "unix:");
  if (path == NULL) return;
  path += strlen("unix:");
  if (strncmp(path, "path=", 5) == 0) path += 5;
  if (strncmp(path, "//", 2) == 0) path += 2;
  char file[PATH_MAX];
  snprintf(file, sizeof file, "%.*s", (int)strcspn(path, ",;"), path);
  if (file[0] == '/') hide(file);
}

static void hide_sockets(void) {
  static const char *const paths[] = {
      "/run/dbus", "/run/systemd/private", "/run/systemd/io.systemd.sysext", "/run/docker.sock", "/run/docker",
      "/run/containerd", "/run/podman", "/run/crio", "/run/buildkit", "/run/libvirt", "/run/snapd.socket",
      "/run/snapd-snap.socket", "/run/lxd.socket", "/run/incus", "/var/lib/lxd/unix.socket", "/var/lib/incus/unix.socket",
      "/var/snap/lxd/common/lxd/unix.socket", "/run/screen", "/tmp/.X11-unix", "/nix/var/nix/daemon-socket",
  };
  for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) hide(paths[i]);
  static const char *const of_the_user[] = {"/run/user/%u/bus", "/run/user/%u/systemd", "/run/user/%u/docker.sock",
                                            "/run/user/%u/podman", "/run/user/%u/at-spi", "/run/user/%u/screen",
                                            "/tmp/tmux-%u", "/run/user/%u/tmux-%u"};
  for (size_t i = 0; i < sizeof of_the_user / sizeof *of_the_user; i++) {
    char path[PATH_MAX];
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    snprintf(path, sizeof path, of_the_user[i], getuid(), getuid());
#pragma GCC diagnostic pop
    hide(path);
  }
  hide_address("DBUS_SESSION_BUS_ADDRESS");
  hide_address("DBUS_SYSTEM_BUS_ADDRESS");
  hide_address("DOCKER_HOST");
  const char *tmux = getenv("TMUX");
  char socket[PATH_MAX];
  if (tmux != NULL && tmux[0] == '/') {
    snprintf(socket, sizeof socket, "%.*s", (int)strcspn(tmux, ","), tmux);
    hide(socket);
  }
}

// By name, since the folder held so far lies below the mounts. One that was removed stays where it is, read-only.
static void return_to(const char *folder, const struct stat *was) {
  struct stat now;
  if (folder == NULL || stat(folder, &now) != 0 || now.st_dev != was->st_dev || now.st_ino != was->st_ino) return;
  if (chdir(folder) != 0) return;
}

struct mount_result make_mounts(const struct layout *layout, bool has_own_pids, bool hides_sockets) {
  struct mount_result result = {0};
#define STEP(name, condition)                                                       \
  if (!(condition)) {                                                               \
    result.failed_step = name;                                                      \
    result.error = errno;                                                           \
    return result;                                                                  \
  }
  char folder_name[PATH_MAX];
  const char *folder = getcwd(folder_name, sizeof folder_name);
  struct stat was;
  if (stat(".", &was) != 0) folder = NULL;

  STEP("mounts of its own", mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0);
  bool writes_everywhere = has_path(&layout->roots, "/");
  struct attachments attachments;
  plan_attachments(layout, &attachments);
  for (size_t i = 0; i < attachments.count; i++) {
    struct attachment *attachment = &attachments.list[i];
    if (attachment->kind != ATTACHED_ROOT) continue;
    attachment->tree = clone_at(attachment->path);  // before all becomes read-only
    STEP("a writable root", attachment->tree >= 0);
  }

  STEP("/proc", !has_own_pids || mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL) == 0);
  if (!writes_everywhere) STEP("everything read-only", make_read_only(AT_FDCWD, "/", 0));
  for (size_t i = 0; i < attachments.count; i++) {
    const struct attachment *attachment = &attachments.list[i];
    STEP("a path in a writable root",
         attachment->kind == ATTACHED_ROOT
             ? attach_at(attachment->tree, attachment->path)
             : mount_on_itself(attachment->path, attachment->kind == ATTACHED_READ_ONLY));
  }
  if (!is_root_below(layout, "/dev/shm")) {
    result.has_private_shm = mount("tmpfs", "/dev/shm", "tmpfs", MS_NOSUID | MS_NODEV, "mode=1777") == 0;
  }
  if (!is_root_below(layout, "/dev/pts")) {
    struct terminals terminals;
    find_terminals(&terminals);
    result.has_own_terminals = make_terminals(&terminals);
  }
  if (hides_sockets) hide_sockets();
  return_to(folder, &was);
  return result;
}
