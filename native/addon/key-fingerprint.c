// The search of Rabin and Karp for a key that is not there any more. Pure functions, as in echo-scan.c.

#include "key-fingerprint.h"

#include <stdbool.h>
#include <string.h>

// A Mersenne prime, so that the remainder is a shift and an addition.
static const uint64_t prime = (UINT64_C(1) << 61) - 1;

static uint64_t multiply(uint64_t a, uint64_t b) {
  unsigned __int128 product = (unsigned __int128)a * b;
  uint64_t sum = (uint64_t)(product & prime) + (uint64_t)(product >> 61);
  return sum >= prime ? sum - prime : sum;
}

static uint64_t add(uint64_t a, uint64_t b) {
  uint64_t sum = a + b;
  return sum >= prime ? sum - prime : sum;
}

// RFC 6750 2.1, what keys are made of.
static bool is_key_byte(unsigned char byte) {
  return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') || (byte >= '0' && byte <= '9') ||
         (byte != '\0' && strchr("-._~+/=", byte) != NULL);
}

struct key_fingerprint fingerprint_key(const unsigned char *key, size_t length, uint64_t random) {
  struct key_fingerprint result = {.length = length, .base = 256 + random % (prime - 256), .hash = 0};
  for (size_t i = 0; i < length; i++) result.hash = add(multiply(result.hash, result.base), key[i]);
  return result;
}

size_t mask_fingerprint(const struct key_fingerprint *key, unsigned char *data, size_t length) {
  size_t hits = 0;
  if (key->length == 0 || length < key->length) return 0;
  uint64_t first_weight = 1;  // of the byte that leaves the window
  for (size_t i = 1; i < key->length; i++) first_weight = multiply(first_weight, key->base);

  size_t run = 0;  // bytes in a row that a key may have
  uint64_t hash = 0;
  for (size_t at = 0; at < length; at++) {
    if (!is_key_byte(data[at])) {
      run = 0;
      hash = 0;
      continue;
    }
    if (run >= key->length) hash = add(hash, prime - multiply(data[at - key->length], first_weight));
    hash = add(multiply(hash, key->base), data[at]);
    run++;
    if (run < key->length || hash != key->hash) continue;
    memset(data + at + 1 - key->length, '*', key->length);
    hits++;
    run = 0;
    hash = 0;
  }
  return hits;
}
