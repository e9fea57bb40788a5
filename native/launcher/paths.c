// Where this package lies, from the launcher's own place in it: native/build/NAME, two levels down.

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "launcher.h"

static void join(char *out, const char *root, const char *relative) {
  int length = snprintf(out, PATH_MAX, "%s/%s", root, relative);
  if (length < 0 || length >= PATH_MAX) fail(EXIT_LAUNCHER, NULL, "the package lies at too long a path");
}

void find_package(struct package_paths *paths) {
  char self[PATH_MAX];
  ssize_t length = readlink("/proc/self/exe", self, sizeof self - 1);
  if (length < 0) {
    fail(EXIT_LAUNCHER, "mount /proc, the launcher finds its package by /proc/self/exe",
         "cannot read /proc/self/exe: %s", strerror(errno));
  }
  self[length] = '\0';

  char build[PATH_MAX];
  snprintf(build, sizeof build, "%s", self);
  *strrchr(build, '/') = '\0';

  char root[PATH_MAX];
  snprintf(root, sizeof root, "%s", build);
  for (int level = 0; level < 2; level++) {
    char *slash = strrchr(root, '/');
    if (slash == NULL || slash == root) fail(EXIT_LAUNCHER, "run it from its package", "%s is not in a package", self);
    *slash = '\0';
  }

  snprintf(paths->root, sizeof paths->root, "%s", root);
  join(paths->addon, build, "hardening.node");
  join(paths->proxy_entry, root, "dist/proxy/main.js");
  join(paths->commands_entry, root, "dist/proxy/commands/main.js");
  join(paths->cli_entry, root, "dist/cli/main.js");
  join(paths->apply_patch_entry, root, "dist/cli/apply-patch.js");
  snprintf(paths->launcher, sizeof paths->launcher, "%s", self);
}
