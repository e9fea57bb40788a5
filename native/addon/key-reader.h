// Reading the key from a descriptor, apart from Node, so that it can be tested and fuzzed alone.
#ifndef KEY_READER_H
#define KEY_READER_H

#include <cstddef>

// RFC 6750 sets no limit; JWTs of a few kilobytes exist. The original takes 1016.
constexpr size_t kMaxKeyBytes = 4096;

struct KeyRead {
  const char* failure;  // nullptr, or one of the codes in hardening/errors.ts, without its prefix
  size_t length;        // bytes of key at the start of the memory
  int error;            // errno of a failed read(2)
};

// Reads until the first newline or the end; where a line end is needed, an end without one is a failure:
// a connection may end in the middle of a key. On failure the memory is zeroed.
KeyRead ReadKeyFrom(int fd, unsigned char* memory, size_t capacity, int timeout_ms, bool needs_line_end = false);

bool IsKeyByte(unsigned char byte);

#endif
