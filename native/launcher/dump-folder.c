// The folder of --dump-dir: made where it is missing and opened once, here, where every folder on the
// way can still be looked at. The proxy works by the descriptor alone, so nobody can put another
// folder in its place afterwards. To whom it must belong is for the proxy to say, which knows its user.

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "launcher.h"

static const char *given;

static void refuse(const char *part, const char *reason) {
  fail(EXIT_RUNTIME, "choose a directory below folders that nobody else can write, one of its own user's or a new one",
       "creating --dump-dir %s: %s %s", given, part, reason);
}

// Whoever owns a folder on the way, or a link in it, or may write there, could lead us elsewhere.
static void refuse_foreign_part(const char *part, const struct stat *status) {
  if (status->st_uid != geteuid() && status->st_uid != 0) refuse(part, "belongs to another user");
  if (S_ISLNK(status->st_mode)) {
    char where[PATH_MAX];
    const char *reason = find_foreign_folder(part, true, where);
    if (reason != NULL) refuse(where, reason);
    return;
  }
  if (!S_ISDIR(status->st_mode)) refuse(part, "is not a directory");
  if ((status->st_mode & S_ISVTX) != 0) return;
  bool is_foreign_group = status->st_gid != 0 && status->st_gid != getegid();
  if ((status->st_mode & S_IWOTH) != 0) refuse(part, "can be written by every user");
  if ((status->st_mode & S_IWGRP) != 0 && is_foreign_group) refuse(part, "can be written by another group");
}

// The parents for every user to enter, as the folder itself keeps the others out.
static void make_missing_parents(const char *path, bool may_make) {
  for (size_t end = 1; path[end] != '\0'; end++) {
    if (path[end] != '/') continue;
    char part[PATH_MAX];
    snprintf(part, sizeof part, "%.*s", (int)end, path);
    struct stat status;
    if (lstat(part, &status) != 0) {
      if (errno != ENOENT) refuse(part, strerror(errno));
      if (!may_make) return;
      if (mkdir(part, 0755) != 0 || chmod(part, 0755) != 0 || lstat(part, &status) != 0) refuse(part, strerror(errno));
    }
    refuse_foreign_part(part, &status);
  }
}

static void make_absolute(char absolute[PATH_MAX], const char *path) {
  char folder[PATH_MAX] = "";
  if (path[0] != '/' && getcwd(folder, sizeof folder) == NULL) refuse("the working directory", strerror(errno));
  int length = snprintf(absolute, PATH_MAX, "%s%s%s", folder, path[0] == '/' ? "" : "/", path);
  if (length < 0 || length >= PATH_MAX) refuse("it", strerror(ENAMETOOLONG));
  while (length > 1 && absolute[length - 1] == '/') absolute[--length] = '\0';
}

static bool is_empty(int folder) {
  DIR *entries = fdopendir(dup(folder));
  if (entries == NULL) return false;
  bool found = false;
  for (struct dirent *entry; (entry = readdir(entries)) != NULL;) {
    found = found || (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0);
  }
  closedir(entries);
  return !found;
}

// Returns the folder at DUMP_FD, or -1 where it is missing and may not be made. `is_new` is set where
// it is root's and empty: then the proxy may give it to the user that it serves as.
int open_dump_folder(const char *path, bool may_make, bool *is_new) {
  given = path;
  char absolute[PATH_MAX];
  make_absolute(absolute, path);
  make_missing_parents(absolute, may_make);
  if (may_make && mkdir(absolute, 0700) != 0 && errno != EEXIST) refuse(absolute, strerror(errno));

  int folder = open(absolute, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (folder < 0 && errno == ENOENT && !may_make) return -1;
  struct stat status;
  bool is_link = folder < 0 && lstat(absolute, &status) == 0 && S_ISLNK(status.st_mode);
  if (is_link) refuse(absolute, "is a symbolic link");
  if (folder < 0 || fstat(folder, &status) != 0) refuse(absolute, strerror(errno));
  if (faccessat(folder, ".", W_OK | X_OK, AT_EACCESS) != 0) refuse(absolute, strerror(errno));
  *is_new = geteuid() == 0 && status.st_uid == 0 && is_empty(folder);
  if (dup2(folder, DUMP_FD) != DUMP_FD) refuse(absolute, strerror(errno));
  if (folder != DUMP_FD) close(folder);
  else fcntl(DUMP_FD, F_SETFD, 0);
  return DUMP_FD;
}
