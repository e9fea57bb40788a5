// The search for an echoed key: it overwrites what a plain search finds, holds a tail that depends on the
// bytes alone and not on the key, and touches nothing else.
//
// Input: a byte for the length of the key, the key, then the bytes that are looked through.

#include "fuzz.h"

#include "../../../native/addon/echo-scan.c"

static size_t mask_plainly(const uint8_t *key, size_t key_length, uint8_t *data, size_t length) {
  size_t hits = 0;
  for (size_t at = 0; key_length > 0 && at + key_length <= length;) {
    size_t same = 0;
    while (same < key_length && data[at + same] == key[same]) same++;
    if (same == key_length) {
      memset(data + at, '*', key_length);
      hits++;
      at += key_length;
    } else {
      at++;
    }
  }
  return hits;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  if (size < 1) return 0;
  size_t key_length = data[0] < size - 1 ? data[0] : size - 1;
  size_t length = size - 1 - key_length;
  uint8_t *key = (uint8_t *)string_of(data + 1, key_length);
  uint8_t *found = (uint8_t *)string_of(data + 1 + key_length, length);
  uint8_t *expected = (uint8_t *)string_of(data + 1 + key_length, length);
  struct echo_scan scan = mask_echo(key, key_length, found, length);
  REQUIRE(scan.hits == mask_plainly(key, key_length, expected, length));
  REQUIRE(memcmp(found, expected, length + 1) == 0);
  REQUIRE(memcmp(key, data + 1, key_length) == 0);
  // Another key, of a byte that no key has, leaves the same tail.
  uint8_t other[] = {0};
  if (key_length > 0) REQUIRE(scan.held == mask_echo(other, 1, expected, length).held);
  free(key);
  free(found);
  free(expected);
  return 0;
}
