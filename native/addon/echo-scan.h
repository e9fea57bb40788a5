// Finds the key in bytes that came from elsewhere and overwrites it where it stands.
#ifndef ECHO_SCAN_H
#define ECHO_SCAN_H

#include <stddef.h>

struct echo_scan {
  size_t hits;  // keys that were found and overwritten
  size_t held;  // length of the tail that could be the beginning of some key: more may follow
};

// The longest tail that is held: a key may have as many bytes, less one.
enum { MAX_HELD = 8191 };

// Overwrites each occurrence of the key in `data` with as many `*`. No copy of either is made.
//
// What is held does not depend on the key: if it were the tail that this key begins with, whoever can
// make the upstream repeat his text would see by what is late how much of the key he has guessed.
struct echo_scan mask_echo(const unsigned char *key, size_t key_length, unsigned char *data, size_t length);

#endif
