// The search for a key that was replaced: it overwrites what a plain search for the key finds, and nothing
// else, having seen only its fingerprint.
//
// Input: a byte for the length of the key, eight for the random number, the key, then the bytes.

#include "fuzz.h"

#include "../../../native/addon/key-fingerprint.c"

static size_t mask_plainly(const uint8_t *key, size_t key_length, uint8_t *data, size_t length) {
  size_t hits = 0;
  for (size_t at = 0; key_length > 0 && at + key_length <= length;) {
    if (memcmp(data + at, key, key_length) == 0) {
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
  if (size < 9) return 0;
  uint64_t random;
  memcpy(&random, data + 1, sizeof random);
  size_t key_length = data[0] < size - 9 ? data[0] : size - 9;
  size_t length = size - 9 - key_length;
  uint8_t *key = (uint8_t *)string_of(data + 9, key_length);
  uint8_t *found = (uint8_t *)string_of(data + 9 + key_length, length);
  uint8_t *expected = (uint8_t *)string_of(data + 9 + key_length, length);
  bool is_key = true;
  for (size_t i = 0; i < key_length; i++) is_key = is_key && is_key_byte(key[i]);
  struct key_fingerprint fingerprint = fingerprint_key(key, key_length, random);
  REQUIRE(fingerprint.base >= 256 && fingerprint.base < prime && fingerprint.hash < prime);
  size_t hits = mask_fingerprint(&fingerprint, found, length);
  if (is_key) {
    REQUIRE(hits == mask_plainly(key, key_length, expected, length));
    REQUIRE(memcmp(found, expected, length + 1) == 0);
  }
  free(key);
  free(found);
  free(expected);
  return 0;
}
