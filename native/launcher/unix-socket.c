// Opens the unix sockets. A name that is in use is left alone, a file that is no socket too; the file
// of a proxy that died is replaced, which only a refused connection proves. From bind(2) to listen(2)
// nobody can connect, so that a socket is never open to more users than its mode says; of two starts
// at once a lock lets one go first.

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "launcher.h"

#ifdef __linux__

// Longer than any start takes from its lock to listen(2).
enum { LOCK_PATIENCE_MS = 5000, LOCK_INTERVAL_MS = 10 };

static const char place_hint[] =
    "choose a directory of root or of the user who starts it, in which nobody else can write, like one in /run";
static const char stale_hint[] = "remove it if nobody needs it, or choose another path";

static void refuse(const struct unix_wish *wish, const char *hint, const char *reason) {
  fail(EXIT_RUNTIME, hint, "cannot listen on %s %s: %s", wish->option, wish->path, reason);
}

static void refuse_part(const struct unix_wish *wish, const char *part, const char *reason) {
  fail(EXIT_RUNTIME, place_hint, "cannot listen on %s %s: %s %s", wish->option, wish->path, part, reason);
}

static int open_socket(const struct unix_wish *wish) {
  int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) refuse(wish, NULL, strerror(errno));
  return fd;
}

static void start_listening(const struct unix_wish *wish, int fd, int at) {
  if (listen(fd, SOMAXCONN) != 0) refuse(wish, NULL, strerror(errno));
  place_descriptor(fd, at);
}

static bool has_control_character(const char *text) {
  for (const char *c = text; *c != '\0'; c++) {
    if ((unsigned char)*c < 0x20 || *c == 0x7f) return true;
  }
  return false;
}

// The name alone says who may connect: everyone in this network namespace.
static void listen_on_abstract(const struct unix_wish *wish, int at) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  size_t length = strlen(wish->path + 1);
  if (length == 0 || length > sizeof address.sun_path - 1) {
    refuse(wish, "give a name of 1 to 107 bytes after the @", "an abstract name cannot have this length");
  }
  if (has_control_character(wish->path)) refuse(wish, "give it another name", "it has a control character");
  memcpy(address.sun_path + 1, wish->path + 1, length);
  int fd = open_socket(wish);
  if (bind(fd, (struct sockaddr *)&address, (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + length)) != 0) {
    bool is_taken = errno == EADDRINUSE;
    refuse(wish, is_taken ? "another process has this name; stop it or choose another" : NULL, strerror(errno));
  }
  start_listening(wish, fd, at);
}

// Nobody but this user and root may put files into the folder, sticky or not: where a socket can be
// replaced, somebody else can answer in our name.
static int open_folder(const struct unix_wish *wish, const char *path) {
  char folder_path[PATH_MAX], part[PATH_MAX];
  snprintf(folder_path, sizeof folder_path, "%s", path);
  const char *folder_name = dirname(folder_path);
  const char *reason = make_own_folders(folder_name, true, part);
  if (reason != NULL) refuse_part(wish, part, reason);
  int folder = open(folder_name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  struct stat status;
  if (folder < 0 || fstat(folder, &status) != 0) refuse_part(wish, folder_name, strerror(errno));
  if (status.st_uid != geteuid() && status.st_uid != 0) refuse_part(wish, folder_name, "belongs to another user");
  if ((status.st_mode & S_IWOTH) != 0) refuse_part(wish, folder_name, "can be written by every user");
  if ((status.st_mode & S_IWGRP) != 0) refuse_part(wish, folder_name, "can be written by its group");
  return folder;
}

static struct {
  int folder;
  char name[NAME_MAX + 1];
} held_lock;

static void remove_lock(void) {
  if (held_lock.name[0] != '\0') unlinkat(held_lock.folder, held_lock.name, 0);
  held_lock.name[0] = '\0';
}

// Held on to until listen(2): a name that is bound and does not listen yet looks like one left behind.
// A file of mode 0600, as whoever can open one can hold its lock.
static int lock_name(const struct unix_wish *wish, int folder, const char *name) {
  char lock[NAME_MAX + 1];
  snprintf(lock, sizeof lock, ".%.*s.lock", NAME_MAX - 6, name);
  for (int waited = 0; waited < LOCK_PATIENCE_MS; waited += LOCK_INTERVAL_MS) {
    int fd = openat(folder, lock, O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0600);
    if (fd < 0) refuse_part(wish, lock, strerror(errno));
    struct stat held, present;
    // The one before has removed the file that it had locked.
    bool is_ours = flock(fd, LOCK_EX | LOCK_NB) == 0 && fstat(fd, &held) == 0 &&
                   fstatat(folder, lock, &present, AT_SYMLINK_NOFOLLOW) == 0 && held.st_ino == present.st_ino &&
                   held.st_dev == present.st_dev;
    if (is_ours) {
      held_lock.folder = folder;
      memcpy(held_lock.name, lock, sizeof lock);
      return fd;
    }
    close(fd);
    nanosleep(&(struct timespec){.tv_nsec = LOCK_INTERVAL_MS * 1000000L}, NULL);
  }
  refuse(wish, "wait for it or end it", "another start of it is still under way");
  return -1;
}

static void refuse_unless_dead(const struct unix_wish *wish, const struct sockaddr_un *address) {
  int probe = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (probe < 0) refuse(wish, NULL, strerror(errno));
  bool is_connected = connect(probe, (const struct sockaddr *)address, sizeof *address) == 0;
  int error = errno;
  close(probe);
  // EAGAIN: more wait to be taken than it allows; it lives.
  if (is_connected || error == EAGAIN) {
    refuse(wish, "another process serves there; stop it or choose another path", "it is in use");
  }
  if (error != ECONNREFUSED) refuse(wish, stale_hint, strerror(error));
}

static void remove_stale(const struct unix_wish *wish, int folder, const char *name, const struct sockaddr_un *address,
                         uid_t owner) {
  struct stat seen, present;
  if (fstatat(folder, name, &seen, AT_SYMLINK_NOFOLLOW) != 0) {
    if (errno == ENOENT) return;
    refuse(wish, NULL, strerror(errno));
  }
  if (S_ISLNK(seen.st_mode)) refuse(wish, stale_hint, "it is a symbolic link");
  if (!S_ISSOCK(seen.st_mode)) refuse(wish, stale_hint, "it exists and is no socket");
  if (seen.st_uid != geteuid() && seen.st_uid != 0 && seen.st_uid != owner) {
    refuse(wish, stale_hint, "it belongs to another user");
  }
  refuse_unless_dead(wish, address);
  bool is_same = fstatat(folder, name, &present, AT_SYMLINK_NOFOLLOW) == 0 && present.st_ino == seen.st_ino &&
                 present.st_dev == seen.st_dev && present.st_ctim.tv_sec == seen.st_ctim.tv_sec &&
                 present.st_ctim.tv_nsec == seen.st_ctim.tv_nsec;
  if (!is_same) refuse(wish, "start it again", "it was replaced meanwhile");
  if (unlinkat(folder, name, 0) != 0) refuse(wish, NULL, strerror(errno));
}

// By the descriptor of the file itself, so that whatever has its name by then is not touched.
static void give_to(const struct unix_wish *wish, int file, uid_t owner, gid_t group) {
  char file_path[64];
  snprintf(file_path, sizeof file_path, "/proc/self/fd/%d", file);
  struct stat status;
  if (fstat(file, &status) != 0 || !S_ISSOCK(status.st_mode)) refuse(wish, place_hint, "it was replaced meanwhile");
  if ((owner != (uid_t)-1 || group != (gid_t)-1) && fchownat(file, "", owner, group, AT_EMPTY_PATH) != 0) {
    refuse(wish, "only root can give it to another user, or to a group that one is not in", strerror(errno));
  }
  if (chmod(file_path, wish->mode) != 0) refuse(wish, "mount /proc", strerror(errno));
}

static const char *fault_of_path(const char *path) {
  size_t length = strlen(path);
  const char *name = strrchr(path, '/') + 1;
  if (name[0] == '\0' || strcmp(name, ".") == 0 || strcmp(name, "..") == 0) return "it names a directory";
  if (has_control_character(path)) return "it has a control character";
  bool is_too_long = length >= sizeof((struct sockaddr_un *)NULL)->sun_path;
  return is_too_long ? "it is longer than the 107 bytes that the address of a socket can have" : NULL;
}

static void listen_on_path(struct unix_wish *wish, int at, struct socket_file *made) {
  char path[PATH_MAX];
  const char *fault = make_absolute_path(path, wish->path) ? fault_of_path(path) : strerror(errno);
  if (fault != NULL) refuse(wish, "give the short path of a file, like /run/codex/proxy.sock", fault);

  uid_t owner = (uid_t)-1;
  gid_t group = (gid_t)-1;
  static const char account_hint[] = "give one of /etc/passwd or /etc/group, or a number";
  if (wish->owner != NULL && !find_user(wish->owner, &owner)) refuse(wish, account_hint, "there is no such owner");
  if (wish->group != NULL && !find_group(wish->group, &group)) refuse(wish, account_hint, "there is no such group");

  struct sockaddr_un address = {.sun_family = AF_UNIX};
  memcpy(address.sun_path, path, strlen(path) + 1);
  const char *name = strrchr(path, '/') + 1;
  int folder = keep_descriptor(open_folder(wish, path));
  int lock = lock_name(wish, folder, name);
  remove_stale(wish, folder, name, &address, owner);

  int fd = open_socket(wish);
  if (bind(fd, (struct sockaddr *)&address, sizeof address) != 0) refuse(wish, place_hint, strerror(errno));
  int file = openat(folder, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
  if (file < 0) refuse(wish, place_hint, strerror(errno));
  *made = (struct socket_file){.folder = folder, .file = keep_descriptor(file)};
  snprintf(made->name, sizeof made->name, "%.107s", name);
  give_to(wish, made->file, owner, group);
  start_listening(wish, fd, at);
  remove_lock();
  close(lock);
  wish->path = strdup(path);
}

void remove_socket_file(struct socket_file *made) {
  struct stat own, present;
  if (made->name[0] == '\0') return;
  bool is_own = fstat(made->file, &own) == 0 && fstatat(made->folder, made->name, &present, AT_SYMLINK_NOFOLLOW) == 0 &&
                own.st_ino == present.st_ino && own.st_dev == present.st_dev;
  if (is_own) unlinkat(made->folder, made->name, 0);
  made->name[0] = '\0';
}

static struct socket_file *own_files;

// A start that fails between here and the janitor.
static void remove_at_exit(void) {
  remove_lock();
  for (int i = 0; i < SOCKET_FILES; i++) remove_socket_file(&own_files[i]);
}

void listen_on_unix(struct unix_wish *wish, int at, struct socket_file files[SOCKET_FILES]) {
  if (own_files == NULL) atexit(remove_at_exit);
  own_files = files;
  if (wish->path[0] == '@') {
    listen_on_abstract(wish, at);
  } else {
    listen_on_path(wish, at, &files[at == ADMIN_FD]);
  }
}

#else
void listen_on_unix(struct unix_wish *wish, int at, struct socket_file files[SOCKET_FILES]) {
  (void)at, (void)files;
  fail(EXIT_USAGE, "leave it out; the proxy then listens on 127.0.0.1", "%s works on Linux only", wish->option);
}
void remove_socket_file(struct socket_file *made) { (void)made; }
#endif
