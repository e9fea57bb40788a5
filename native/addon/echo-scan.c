// Pure functions over two ranges of bytes, apart from N-API so that they can be fuzzed.

#include "echo-scan.h"

#include <string.h>

static size_t smaller(size_t a, size_t b) { return a < b ? a : b; }

struct echo_scan mask_echo(const unsigned char *key, size_t key_length, unsigned char *data, size_t length) {
  struct echo_scan result = {0, 0};
  if (key_length == 0) return result;

  // memchr(3) is many times faster than looking at each byte, and the rest is seldom looked at.
  size_t at = 0;
  while (at < length) {
    const unsigned char *first = memchr(data + at, key[0], length - at);
    if (first == NULL) break;
    at = (size_t)(first - data);
    size_t left = length - at;
    size_t compared = smaller(left, key_length);
    if (memcmp(data + at, key, compared) != 0) {
      at++;
    } else if (compared == key_length) {
      memset(data + at, '*', key_length);
      result.hits++;
      at += key_length;
    } else {
      result.held = left;  // the first tail that fits is the longest
      break;
    }
  }
  return result;
}
