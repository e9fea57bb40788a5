// What tells one process from every other, also from a later one of the same pid. Mirrors
// proxy/process-identity.ts.

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "launcher.h"

static bool read_text(const char *path, char *text, size_t size) {
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return false;
  ssize_t length = read(fd, text, size - 1);
  close(fd);
  if (length <= 0) return false;
  text[length] = '\0';
  return true;
}

// Fields 3 and 22 of /proc/PID/stat. Ticks are 0 where it cannot be read.
unsigned long long start_ticks_of(pid_t pid, char *state) {
  char path[64], text[1024];
  snprintf(path, sizeof path, "/proc/%d/stat", pid);
  if (!read_text(path, text, sizeof text)) return 0;
  char *after_name = strrchr(text, ')');  // the name may hold blanks and parentheses
  if (after_name == NULL) return 0;
  unsigned long long ticks = 0;
  int field = 2;
  for (char *word = strtok(after_name + 1, " "); word != NULL; word = strtok(NULL, " ")) {
    field++;
    if (field == 3 && state != NULL) *state = word[0];
    if (field == 22) ticks = strtoull(word, NULL, 10);
  }
  return ticks;
}

// False too where it cannot be told.
static bool is_another(const char *present, const char *written) {
  return present[0] != '\0' && written[0] != '\0' && strcmp(present, written) != 0;
}

enum liveness liveness_of(const struct process_identity *identity) {
  char boot[64] = "", namespace[64] = "";
  if (read_text("/proc/sys/kernel/random/boot_id", boot, sizeof boot)) boot[strcspn(boot, "\n")] = '\0';
  if (is_another(boot, identity->boot_id)) return DEAD;
  ssize_t length = readlink("/proc/self/ns/pid", namespace, sizeof namespace - 1);
  if (length > 0) namespace[length] = '\0';
  if (is_another(namespace, identity->pid_namespace)) return UNKNOWN;

  char state = '\0';
  unsigned long long ticks = start_ticks_of(identity->pid, &state);
  if (ticks == 0) return kill(identity->pid, 0) != 0 && errno == ESRCH ? DEAD : UNKNOWN;
  if (state == 'Z' || state == 'X') return DEAD;
  if (identity->start_ticks == 0) return UNKNOWN;
  return ticks == identity->start_ticks ? ALIVE : DEAD;
}
