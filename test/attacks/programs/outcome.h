// What the attack programs share: how they say what came of them, and how they look for the key.
#ifndef OUTCOME_H
#define OUTCOME_H

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

__attribute__((noreturn, unused)) static void say(const char *outcome) {
  puts(outcome);
  exit(0);
}

// The outcome of a call that failed with errno.
__attribute__((noreturn, unused)) static void say_errno(void) {
  if (errno == EACCES || errno == EPERM) say("denied");
  printf("not possible here: %s\n", strerror(errno));
  exit(0);
}

// As ASCII and as UTF-16, the two ways in which V8 keeps strings.
__attribute__((unused)) static bool holds_key(const char *bytes, size_t length, const char *key) {
  char wide[512] = {0};
  size_t key_length = strlen(key);
  for (size_t i = 0; i < key_length && i < sizeof wide / 2; i++) wide[2 * i] = key[i];
  return memmem(bytes, length, key, key_length) != NULL || memmem(bytes, length, wide, 2 * key_length) != NULL;
}

// Reads bytes at an address of another process; as pread(2).
typedef ssize_t (*reader)(void *context, void *into, size_t length, unsigned long address);

enum { WINDOW = 4 << 20, OVERLAP = 1024 };

// Reads every readable mapping. Returns 2 when the key was found, 1 when anything was read, 0 for
// nothing.
__attribute__((unused)) static int search_mappings(FILE *maps, reader read_at, void *context, const char *key) {
  static char window[WINDOW];
  int best = 0;
  char line[4096];
  while (fgets(line, sizeof line, maps) != NULL) {
    unsigned long start, end;
    char readable;
    if (sscanf(line, "%lx-%lx %c", &start, &end, &readable) != 3 || readable != 'r') continue;
    if (strstr(line, "[vsyscall]") != NULL) continue;
    for (unsigned long at = start; at < end;) {
      size_t wanted = end - at < WINDOW ? end - at : WINDOW;
      ssize_t got = read_at(context, window, wanted, at);
      if (got <= 0) break;
      best = best > 1 ? best : 1;
      if (holds_key(window, (size_t)got, key)) return 2;
      if (got <= OVERLAP || at + (unsigned long)got >= end) break;
      at += (unsigned long)got - OVERLAP;
    }
  }
  return best;
}

__attribute__((noreturn, unused)) static void say_found(int found) {
  say(found == 2 ? "gets key" : found == 1 ? "gets process" : "denied");
}

__attribute__((unused)) static ssize_t read_mem(void *context, void *into, size_t length, unsigned long address) {
  return pread(*(int *)context, into, length, (off_t)address);
}

#endif
