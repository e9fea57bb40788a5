// Makes the folders on the way to FOLDER while another user is quicker: each that is missing is his link to
// TARGET by the time that it is to be made. Prints what is said of it: FOLDER TARGET UID.

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *target;
static uid_t other;

static int mkdir_too_late(const char *path, mode_t mode) {
  if (symlink(target, path) == 0 && lchown(path, other, other) != 0) exit(3);
  return mkdir(path, mode);
}

#define mkdir mkdir_too_late
#include "../../../native/launcher/own-path.c"
#undef mkdir

int main(int argc, char **argv) {
  if (argc != 4) return 1;
  char where[PATH_MAX] = "";
  target = argv[2];
  other = (uid_t)atoi(argv[3]);
  const char *reason = make_own_folders(argv[1], true, where);
  printf("%s %s", where, reason == NULL ? "is taken" : reason);
  return 0;
}
