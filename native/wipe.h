// Zeroing that the compiler may not leave out, by the name each system gives it.
#ifndef WIPE_H
#define WIPE_H

#define __STDC_WANT_LIB_EXT1__ 1
#include <string.h>

static inline void wipe(void *memory, size_t bytes) {
#ifdef __APPLE__
  memset_s(memory, bytes, 0, bytes);
#else
  explicit_bzero(memory, bytes);
#endif
}

#endif
