// Whether a path is ours to write at: nobody else may own or write a folder on the way to it, or a link
// in it, and so lead a file of ours elsewhere or put another in its place.

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "launcher.h"

// The path from the root on; false where it is too long or the working directory is gone.
bool make_absolute_path(char absolute[PATH_MAX], const char *path) {
  char folder[PATH_MAX] = "";
  if (path[0] != '/' && getcwd(folder, sizeof folder) == NULL) return false;
  int length = snprintf(absolute, PATH_MAX, "%s%s%s", folder, path[0] == '/' ? "" : "/", path);
  if (length >= 0 && length < PATH_MAX) return true;
  errno = ENAMETOOLONG;
  return false;
}

// As many links in links as the kernel follows, path_resolution(7).
enum { MAX_LINKS = 40 };

struct way {
  bool makes_folders;
  bool refuses_groups;
  int links;  // that may still be followed
};

static const char *look_at_way(const char *path, struct way way, char where[PATH_MAX]);

// Where a link leads to, step by step: a link on the way of a link counts like any other.
static const char *look_behind_link(const char *link, struct way way, char where[PATH_MAX]) {
  char target[PATH_MAX], path[PATH_MAX];
  struct stat status;
  ssize_t length = readlink(link, target, sizeof target - 1);
  if (length < 0 || stat(link, &status) != 0) return strerror(errno);
  if (way.links-- == 0) return strerror(ELOOP);
  way.makes_folders = false;
  target[length] = '\0';
  int folder_length = target[0] == '/' ? 0 : (int)(strrchr(link, '/') - link) + 1;
  int written = snprintf(path, sizeof path, "%.*s%s", folder_length, link, target);
  if (written < 0 || written >= (int)sizeof path) return strerror(ENAMETOOLONG);
  return look_at_way(path, way, where);
}

static const char *look_at_part(const char *part, struct way way, char where[PATH_MAX]) {
  struct stat status;
  snprintf(where, PATH_MAX, "%s", part);
  if (lstat(part, &status) != 0) return strerror(errno);
  if (status.st_uid != geteuid() && status.st_uid != 0) return "belongs to another user";
  if (S_ISLNK(status.st_mode)) return look_behind_link(part, way, where);
  if (!S_ISDIR(status.st_mode)) return "is not a directory";
  if ((status.st_mode & S_ISVTX) != 0) return NULL;
  if ((status.st_mode & S_IWOTH) != 0) return "can be written by every user";
  bool is_foreign_group = way.refuses_groups && status.st_gid != 0 && status.st_gid != getegid();
  return (status.st_mode & S_IWGRP) != 0 && is_foreign_group ? "can be written by another group" : NULL;
}

// For every user to enter. What somebody else has made there meanwhile is looked at like all else.
static bool make_folder(const char *path) {
  mode_t before = umask(022);
  bool is_there = mkdir(path, 0755) == 0 || errno == EEXIST;
  umask(before);
  return is_there;
}

static bool is_missing(const char *path) {
  struct stat status;
  return lstat(path, &status) != 0 && errno == ENOENT;
}

// From the root on: a part that is looked at lies where nobody else can put another in its place.
static const char *look_at_way(const char *path, struct way way, char where[PATH_MAX]) {
  size_t length = strlen(path);
  for (size_t end = 1; end <= length; end++) {
    if (path[end] != '/' && path[end] != '\0' && end > 1) continue;
    char part[PATH_MAX];
    snprintf(part, sizeof part, "%.*s", (int)end, path);
    bool is_there = !way.makes_folders || !is_missing(part) || make_folder(part);
    const char *reason = is_there ? look_at_part(part, way, where) : strerror(errno);
    if (!is_there) snprintf(where, PATH_MAX, "%s", part);
    if (reason != NULL) return reason;
  }
  return NULL;
}

// Looks at every part of an absolute path. Returns what is wrong with the part that is put into `where`,
// NULL where nothing is. Where a folder can be moved away, so can all that lies in it: with
// `refuses_groups` one that another group may write is foreign too.
const char *find_foreign_folder(const char *folder, bool refuses_groups, char where[PATH_MAX]) {
  return look_at_way(folder, (struct way){.refuses_groups = refuses_groups, .links = MAX_LINKS}, where);
}

// The same, and makes what is missing.
const char *make_own_folders(const char *folder, bool refuses_groups, char where[PATH_MAX]) {
  return look_at_way(folder, (struct way){.makes_folders = true, .refuses_groups = refuses_groups, .links = MAX_LINKS},
                     where);
}

// Opens a plain file of our own, which is made where it is missing, and no other: not through a link,
// and not one that has a second name. -1 where it is not to be, with the reason, or without one and errno.
int open_own_file(const char *path, int flags, const char **reason) {
  int fd = open(path, flags | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC, 0600);
  struct stat status;
  if (fd < 0) {
    *reason = errno == ELOOP ? "is a symbolic link" : errno == EISDIR ? "exists and is not a file" : NULL;
    return -1;
  }
  *reason = NULL;
  if (fstat(fd, &status) != 0) return -1;
  if (!S_ISREG(status.st_mode)) *reason = "exists and is not a file";
  else if (status.st_uid != geteuid()) *reason = "belongs to another user";
  else if (status.st_nlink > 1) *reason = "has another name too";
  else return fd;
  close(fd);
  return -1;
}
