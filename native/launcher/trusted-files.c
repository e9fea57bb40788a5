// Who may write what is about to run. Started by root, Node, the addon, the entry and every folder
// above them must be root's alone to change: anyone else who could would run code with the key.

#include <errno.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "launcher.h"

// True when nobody but root can replace or change what the path names.
static bool is_roots_alone(const char *path) {
  struct stat status;
  if (lstat(path, &status) != 0) return true;  // nothing there to run
  if (status.st_uid != 0) return false;
  if (S_ISLNK(status.st_mode)) return true;  // its target is looked at by itself
  bool is_sticky = S_ISDIR(status.st_mode) && (status.st_mode & S_ISVTX) != 0;
  if ((status.st_mode & S_IWOTH) != 0 && !is_sticky) return false;
  return (status.st_mode & S_IWGRP) == 0 || status.st_gid == 0 || is_sticky;
}

// The first part of an absolute path that somebody else may write, NULL for none.
static const char *first_writable_part(const char *path) {
  static char part[PATH_MAX];
  for (size_t end = 1; end <= strlen(path); end++) {
    if (path[end] != '/' && path[end] != '\0') continue;
    snprintf(part, sizeof part, "%.*s", (int)end, path);
    if (!is_roots_alone(part)) return part;
  }
  return is_roots_alone("/") ? NULL : "/";
}

static const char *first_writable_on_the_way_to(const char *path) {
  const char *found = first_writable_part(path);
  char resolved[PATH_MAX];
  if (found == NULL && realpath(path, resolved) != NULL) found = first_writable_part(resolved);
  return found;
}

static char found_below[PATH_MAX];

static int look_at(const char *path, const struct stat *status, int type, struct FTW *place) {
  (void)status, (void)type, (void)place;
  if (is_roots_alone(path)) return 0;
  snprintf(found_below, sizeof found_below, "%s", path);
  return 1;  // ends the walk
}

// Returns NULL where all is root's alone, else the first path that is not. Folders are looked at with
// everything in them: some ten milliseconds for a usual installation.
const char *find_untrusted_file(const struct package_paths *paths) {
  const char *const run[] = {NODE_PATH, paths->addon, paths->proxy_entry, paths->commands_entry};
  for (size_t i = 0; i < sizeof run / sizeof *run; i++) {
    const char *found = first_writable_on_the_way_to(run[i]);
    if (found != NULL) return found;
  }
  const char *const trees[] = {"package.json", "dist", "native/build", "node_modules"};
  for (size_t i = 0; i < sizeof trees / sizeof *trees; i++) {
    char path[PATH_MAX + 16], resolved[PATH_MAX];
    snprintf(path, sizeof path, "%s/%s", paths->root, trees[i]);
    const char *found = first_writable_on_the_way_to(path);
    if (found != NULL) return found;
    if (realpath(path, resolved) == NULL) continue;
    if (nftw(resolved, look_at, 16, FTW_PHYS) == 1) return found_below;
  }
  return NULL;
}
