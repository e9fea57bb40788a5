// proc-files FILE PID KEY: opens a file of /proc/PID and looks for the key in what it shows. proc(5).

#include <dirent.h>
#include "outcome.h"

static FILE *open_maps(const char *pid) {
  char path[64];
  snprintf(path, sizeof path, "/proc/%s/maps", pid);
  return fopen(path, "re");
}

static void search_memory(const char *pid, const char *mem_path, const char *key) {
  FILE *maps = open_maps(pid);
  int mem = open(mem_path, O_RDONLY | O_CLOEXEC);
  if (maps == NULL || mem < 0) say_errno();
  say_found(search_mappings(maps, read_mem, &mem, key));
}

// Any thread will do.
static void search_task(const char *pid, const char *key) {
  char path[64], mem_path[512];
  snprintf(path, sizeof path, "/proc/%s/task", pid);
  DIR *tasks = opendir(path);
  if (tasks == NULL) say_errno();
  char last[256] = "";
  for (struct dirent *entry; (entry = readdir(tasks)) != NULL;) {
    if (entry->d_name[0] != '.') snprintf(last, sizeof last, "%s", entry->d_name);
  }
  snprintf(mem_path, sizeof mem_path, "/proc/%s/task/%s/mem", pid, last);
  search_memory(pid, mem_path, key);
}

// What the process has open; files and pipes among them could be opened anew from here.
static void list_descriptors(const char *pid) {
  char path[64], target[256];
  snprintf(path, sizeof path, "/proc/%s/fd/2", pid);
  if (readlink(path, target, sizeof target) < 0) say_errno();
  say("gets process");
}

int main(int argc, char **argv) {
  if (argc != 4) return 2;
  const char *file = argv[1], *pid = argv[2], *key = argv[3];
  char path[64];
  snprintf(path, sizeof path, "/proc/%s/%s", pid, file);
  if (strcmp(file, "mem") == 0) search_memory(pid, path, key);
  if (strcmp(file, "task") == 0) search_task(pid, key);
  if (strcmp(file, "fd") == 0) list_descriptors(pid);

  static char content[1 << 20];
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) say_errno();
  size_t length = 0;
  for (ssize_t got; length < sizeof content; length += (size_t)got) {
    got = read(fd, content + length, sizeof content - length);
    if (got < 0 && length == 0) say_errno();
    if (got <= 0) break;
  }
  if (length == 0) say("no effect");
  say(holds_key(content, length, key) ? "gets key" : "gets process");
}
