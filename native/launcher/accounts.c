// Names of users and groups, from /etc/passwd and /etc/group alone: getpwnam(3) would load the name
// service's libraries into a static executable that runs as root.

#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "launcher.h"

static bool is_number(const char *text, unsigned *number) {
  size_t digits = strspn(text, "0123456789");
  if (digits == 0 || digits > 10 || text[digits] != '\0') return false;
  unsigned long long value = strtoull(text, NULL, 10);
  *number = (unsigned)value;
  return value < 0xffffffffULL;  // -1 would mean to leave it as it is, chown(2)
}

bool find_user(const char *name, uid_t *uid) {
  if (is_number(name, uid)) return true;
  FILE *file = fopen("/etc/passwd", "re");
  if (file == NULL) return false;
  bool is_found = false;
  for (struct passwd *entry; !is_found && (entry = fgetpwent(file)) != NULL;) {
    is_found = strcmp(entry->pw_name, name) == 0;
    if (is_found) *uid = entry->pw_uid;
  }
  fclose(file);
  return is_found;
}

bool find_group(const char *name, gid_t *gid) {
  if (is_number(name, gid)) return true;
  FILE *file = fopen("/etc/group", "re");
  if (file == NULL) return false;
  bool is_found = false;
  for (struct group *entry; !is_found && (entry = fgetgrent(file)) != NULL;) {
    is_found = strcmp(entry->gr_name, name) == 0;
    if (is_found) *gid = entry->gr_gid;
  }
  fclose(file);
  return is_found;
}
