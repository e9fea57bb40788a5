// The search for an echoed key: it overwrites what a plain search finds, tells of the tail that a plain
// search would wait with, and touches nothing else.
//
// Input: a byte for the length of the key, the key, then the bytes that are looked through.

#include "fuzz.h"

#include "../../../native/addon/echo-scan.c"

static struct echo_scan mask_plainly(const uint8_t *key, size_t key_length, uint8_t *data, size_t length) {
  struct echo_scan result = {0, 0};
  for (size_t at = 0; at < length && result.held == 0;) {
    size_t same = 0;
    while (same < key_length && at + same < length && data[at + same] == key[same]) same++;
    if (same == key_length && key_length > 0) {
      memset(data + at, '*', key_length);
      result.hits++;
      at += key_length;
    } else if (same > 0 && at + same == length) {
      result.held = same;
    } else {
      at++;
    }
  }
  return result;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  if (size < 1) return 0;
  size_t key_length = data[0] < size - 1 ? data[0] : size - 1;
  size_t length = size - 1 - key_length;
  uint8_t *key = (uint8_t *)string_of(data + 1, key_length);
  uint8_t *found = (uint8_t *)string_of(data + 1 + key_length, length);
  uint8_t *expected = (uint8_t *)string_of(data + 1 + key_length, length);
  struct echo_scan scan = mask_echo(key, key_length, found, length);
  struct echo_scan plain = mask_plainly(key, key_length, expected, length);
  REQUIRE(scan.hits == plain.hits);
  REQUIRE(scan.held == plain.held);
  REQUIRE(memcmp(found, expected, length + 1) == 0);
  REQUIRE(memcmp(key, data + 1, key_length) == 0);
  free(key);
  free(found);
  free(expected);
  return 0;
}
