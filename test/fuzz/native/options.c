// The launcher's command line. What it passes on is canonical: known names, each once where it must
// be, with values where they belong, and the same when it is read again. No error quotes a value.
//
// Input: the arguments, with a NUL between them.

#include <setjmp.h>
#include <stdarg.h>

#include "fuzz.h"

#include "../../../native/launcher/dispatch.c"
#include "../../../native/launcher/options.c"

static jmp_buf failed;

static bool is_known_name(const char *text) {
  for (int i = 0; i < KNOWN_OPTIONS; i++) {
    if (text == known_options[i].name) return true;
  }
  return false;
}

// In place of fail.c: what goes into the message is a known option's name, a number, or what may be a
// misspelt option.
void fail(enum exit_code code, const char *hint, const char *format, ...) {
  REQUIRE(code == EXIT_USAGE);
  REQUIRE(hint != NULL);
  va_list arguments;
  va_start(arguments, format);
  for (const char *at = strchr(format, '%'); at != NULL; at = strchr(at + 1, '%')) {
    if (at[1] == 's') REQUIRE(is_known_name(va_arg(arguments, const char *)));
    else if (at[1] == 'd') REQUIRE(va_arg(arguments, int) > 0);
    else {
      REQUIRE(strncmp(at, "%.*s", 4) == 0);
      int length = va_arg(arguments, int);
      REQUIRE(length >= 0 && length <= 24);
      REQUIRE(strspn(va_arg(arguments, const char *), "abcdefghijklmnopqrstuvwxyz-") >= (size_t)length);
    }
  }
  va_end(arguments);
  longjmp(failed, 1);
}

static const struct option *option_of(const char *canonical) {
  const char *value;
  int index = find_option(canonical, &value);
  REQUIRE(index >= 0);
  REQUIRE((known_options[index].arity == VALUE) == (value != NULL));
  REQUIRE(value == NULL || value[0] != '\0');
  return &known_options[index];
}

static void free_canonical(struct options *options) {
  for (int i = 0; i < options->canonical_count; i++) free((void *)options->canonical[i]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  char *words[MAX_WORDS + 1];
  int count;
  char *text = words_of(data, size, words, &count);
  static struct options options, again;

  if (setjmp(failed) == 0) {
    parse_options(count, words, 0, &options);
    REQUIRE(options.port >= 0 && options.port <= 65535);
    for (int i = 0; i < options.canonical_count; i++) {
      const struct option *option = option_of(options.canonical[i]);
      REQUIRE(!option->ignored && strcmp(option->name, "--port") != 0);
      for (int j = 0; j < i && option->repeat == ONCE; j++) REQUIRE(option_of(options.canonical[j]) != option);
    }
    char *canonical[MAX_ARGS];
    memcpy(canonical, options.canonical, sizeof canonical);
    parse_options(options.canonical_count, canonical, 0, &again);
    REQUIRE(again.canonical_count == options.canonical_count);
    for (int i = 0; i < again.canonical_count; i++) {
      REQUIRE(strcmp(again.canonical[i], options.canonical[i]) == 0);
    }
    REQUIRE(strcmp(again.upstream_url, options.upstream_url) == 0);
    free_canonical(&again);
  }
  free_canonical(&options);
  free(text);
  return 0;
}
