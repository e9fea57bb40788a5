// The dynamic loader that an ELF file names: whatever the file holds, a path that ends within its
// buffer, or none.
//
// Input: the file.

#include <fcntl.h>
#include <unistd.h>

#include "fuzz.h"

static const uint8_t *file;
static size_t file_size;

static ssize_t read_at(void *to, size_t bytes, off_t at) {
  if (at < 0) return -1;
  if ((size_t)at >= file_size) return 0;
  size_t left = file_size - (size_t)at;
  size_t got = bytes < left ? bytes : left;
  memcpy(to, file + at, got);
  return (ssize_t)got;
}

#define NODE_PATH "/usr/bin/node"
#define pread(fd, to, bytes, at) ((void)(fd), read_at(to, bytes, at))
#define open(path, ...) ((void)(path), 100)
#define close(fd) ((void)(fd))
#include "../../../native/launcher/unreadable.c"
#undef open
#undef close

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  file = data;
  file_size = size;
  char *interpreter = malloc(PATH_MAX);
  if (read_interpreter(NODE_PATH, interpreter)) REQUIRE(memchr(interpreter, '\0', PATH_MAX) != NULL);
  free(interpreter);
  return 0;
}
