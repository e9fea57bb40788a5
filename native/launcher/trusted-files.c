// Who may write what is about to run. Started by root, Node, the addon, the entry and every folder
// above them must be root's alone to change: anyone else who could would run code with the key.

#include <errno.h>
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

// Returns NULL where all is root's alone, else the path that is not.
const char *find_untrusted_file(const struct package_paths *paths) {
  char modules[PATH_MAX + 16], hardening[PATH_MAX + 16];
  snprintf(modules, sizeof modules, "%s/node_modules", paths->root);
  snprintf(hardening, sizeof hardening, "%s/dist/hardening", paths->root);
  const char *const run[] = {NODE_PATH, paths->addon, paths->proxy_entry, hardening, modules};
  for (size_t i = 0; i < sizeof run / sizeof *run; i++) {
    const char *found = first_writable_on_the_way_to(run[i]);
    if (found != NULL) return found;
  }
  return NULL;
}
