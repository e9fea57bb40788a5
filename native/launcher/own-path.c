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

static const char *why_foreign(const char *part, const struct stat *status, char where[PATH_MAX]) {
  snprintf(where, PATH_MAX, "%s", part);
  if (status->st_uid != geteuid() && status->st_uid != 0) return "belongs to another user";
  if (S_ISLNK(status->st_mode)) {
    char resolved[PATH_MAX];
    return realpath(part, resolved) == NULL ? strerror(errno) : find_foreign_folder(resolved, where);
  }
  if (!S_ISDIR(status->st_mode)) return "is not a directory";
  bool is_sticky = (status->st_mode & S_ISVTX) != 0;
  return (status->st_mode & S_IWOTH) != 0 && !is_sticky ? "can be written by every user" : NULL;
}

// Looks at every part of an absolute path that exists. Returns what is wrong with the part that is put
// into `where`, NULL where nothing is.
const char *find_foreign_folder(const char *folder, char where[PATH_MAX]) {
  size_t length = strlen(folder);
  for (size_t end = 1; end <= length; end++) {
    if (folder[end] != '/' && folder[end] != '\0' && end > 1) continue;
    char part[PATH_MAX];
    struct stat status;
    snprintf(part, sizeof part, "%.*s", (int)end, folder);
    if (lstat(part, &status) != 0) {
      if (errno == ENOENT) return NULL;  // it and what follows is still to be made
      snprintf(where, PATH_MAX, "%s", part);
      return strerror(errno);
    }
    const char *reason = why_foreign(part, &status, where);
    if (reason != NULL) return reason;
  }
  return NULL;
}

// Makes the folders that are missing, for every user to enter, whatever the umask. False with errno.
bool make_missing_folders(const char *folder) {
  char part[PATH_MAX];
  size_t length = strlen(folder);
  for (size_t end = 1; end <= length; end++) {
    if (folder[end] != '/' && folder[end] != '\0') continue;
    snprintf(part, sizeof part, "%.*s", (int)end, folder);
    if (mkdir(part, 0755) == 0) chmod(part, 0755);
    else if (errno != EEXIST && access(part, F_OK) != 0) return false;
  }
  return true;
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
