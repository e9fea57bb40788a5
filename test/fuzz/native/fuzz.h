// What a target has of the fuzzer: the function that it defines, and how it objects.
#ifndef FUZZ_H
#define FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifdef __cplusplus
extern "C"
#endif
    int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define REQUIRE(condition)                                                          \
  do {                                                                              \
    if (!(condition)) {                                                             \
      fprintf(stderr, "%s:%d: this does not hold: %s\n", __FILE__, __LINE__, #condition); \
      abort();                                                                      \
    }                                                                               \
  } while (0)

// The input as a string in memory of just its size, so that the sanitizer sees a read beyond it.
static inline char *string_of(const uint8_t *data, size_t size) {
  char *text = (char *)malloc(size + 1);
  if (size > 0) memcpy(text, data, size);
  text[size] = '\0';
  return text;
}

enum { MAX_WORDS = 400 };

// The input as strings with a NUL between them; `words` ends with NULL. Free the returned memory.
static inline char *words_of(const uint8_t *data, size_t size, char *words[MAX_WORDS + 1], int *count) {
  char *text = string_of(data, size);
  *count = 0;
  for (size_t at = 0; at < size && *count < MAX_WORDS; at += strlen(text + at) + 1) words[(*count)++] = text + at;
  words[*count] = NULL;
  return text;
}

#endif
