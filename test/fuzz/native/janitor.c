// What the janitor reads: /proc/PID/stat, whose second field is a name that anyone chooses, and server
// info, which may be another proxy's or no server info at all.
//
// Input: a byte that chooses (0 the name in a whole line of stat, 1 any stat, 2 any server info), then
// what is read.

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "fuzz.h"

static const char *file;
static size_t file_size;

static ssize_t read_file(void *to, size_t bytes) {
  size_t got = bytes < file_size ? bytes : file_size;
  memcpy(to, file, got);
  return (ssize_t)got;
}

static int open_beside(int folder, const char *name, int flags, ...) {
  (void)folder, (void)name, (void)flags;
  return 100;
}

#define read(fd, to, bytes) ((void)(fd), read_file(to, bytes))
#define open(path, ...) ((void)(path), 100)
#define openat(...) open_beside(__VA_ARGS__)
#define close(fd) ((void)(fd))
#include "../../../native/launcher/janitor.c"
#include "../../../native/launcher/process-identity.c"
#undef read
#undef open
#undef close

// What else the janitor does; none of it is called.
void confine_janitor(int folder, const struct socket_file files[SOCKET_FILES]) { (void)folder, (void)files; }
void remove_socket_file(struct socket_file *made) { (void)made; }
void close_inherited_descriptors(int first) { (void)first; }

static void check_stat_with_name(const char *name, unsigned long long ticks) {
  char line[512];
  // comm is 15 bytes at most, TASK_COMM_LEN in the kernel.
  int length = snprintf(line, sizeof line,
                        "7 (%.15s) S 1 7 7 0 -1 4194304 1 2 3 4 5 6 7 8 20 0 1 0 %llu 9 10 18446744073709551615 1\n",
                        name, ticks);
  file = line;
  file_size = (size_t)length;
  REQUIRE(start_ticks_of(7, NULL) == ticks);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  if (size < 1) return 0;
  char *text = string_of(data + 1, size - 1);
  file = text;
  file_size = size - 1;
  unsigned long long ticks = 0;
  memcpy(&ticks, text, file_size < sizeof ticks ? file_size : sizeof ticks);
  if (data[0] == 0) {
    check_stat_with_name(text, ticks);
  } else if (data[0] == 1) {
    char state;
    start_ticks_of(7, &state);
  } else if (is_written_by(0, "", 7, 42)) {
    REQUIRE(strstr(text, "\"pid\":7,") != NULL && strstr(text, "\"start_ticks\":42,") != NULL);
  }
  free(text);
  return 0;
}
