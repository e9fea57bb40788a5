// Pure functions over two ranges of bytes, apart from N-API so that they can be fuzzed.

#include "echo-scan.h"

#include <string.h>

// RFC 6750 2.1, what keys are made of.
static int is_key_byte(unsigned char byte) {
  return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') || (byte >= '0' && byte <= '9') ||
         (byte != '\0' && strchr("-._~+/=", byte) != NULL);
}

struct echo_scan mask_echo(const unsigned char *key, size_t key_length, unsigned char *data, size_t length) {
  struct echo_scan result = {0, 0};
  if (key_length == 0) return result;

  // memchr(3) is many times faster than looking at each byte, and the rest is seldom looked at.
  for (size_t at = 0; length - at >= key_length;) {
    const unsigned char *first = memchr(data + at, key[0], length - at);
    if (first == NULL) break;
    at = (size_t)(first - data);
    if (length - at < key_length) break;
    if (memcmp(first, key, key_length) == 0) {
      memset(data + at, '*', key_length);
      result.hits++;
      at += key_length;
    } else {
      at++;
    }
  }
  while (result.held < length && result.held < MAX_HELD && is_key_byte(data[length - result.held - 1])) result.held++;
  return result;
}
