// Finds the key in bytes that came from elsewhere and overwrites it where it stands.
#ifndef ECHO_SCAN_H
#define ECHO_SCAN_H

#include <stddef.h>

struct echo_scan {
  size_t hits;  // keys that were found and overwritten
  size_t held;  // length of the longest tail that is a proper prefix of the key: more may follow
};

// Overwrites each occurrence of the key in `data` with as many `*`. No copy of either is made.
struct echo_scan mask_echo(const unsigned char *key, size_t key_length, unsigned char *data, size_t length);

#endif
