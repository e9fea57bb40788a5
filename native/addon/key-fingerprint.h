// What is kept of a key that was replaced, so that it can still be found where the upstream repeats it:
// a number that does not lead back to it.
#ifndef KEY_FINGERPRINT_H
#define KEY_FINGERPRINT_H

#include <stddef.h>
#include <stdint.h>

struct key_fingerprint {
  uint64_t length;
  uint64_t base;  // random
  uint64_t hash;  // the key's bytes as a polynomial at the base, modulo 2^61 - 1
};

struct key_fingerprint fingerprint_key(const unsigned char *key, size_t length, uint64_t random);

// Overwrites each text of that length and hash in `data` with as many `*`. Returns how many there were.
// Another text than the key is taken for it with a probability below 2^-48 a byte.
size_t mask_fingerprint(const struct key_fingerprint *key, unsigned char *data, size_t length);

#endif
