// Which program a call means: only a name with responses-api-proxy in it, or that word behind options, is
// the proxy, and its arguments begin right behind that word.
//
// Input: the arguments from argv[0] on, with a NUL between them.

#include "fuzz.h"

#include "../../../native/launcher/dispatch.c"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  char *words[MAX_WORDS + 1];
  int count, first = -1;
  char *text = words_of(data, size, words, &count);
  enum program program = choose_program(count, words, &first);
  const char *name = count == 0 ? "" : base_name(words[0]);
  bool is_proxy = program == PROGRAM_PROXY || program == PROGRAM_COMMAND;
  bool has_proxy_name = strstr(name, "responses-api-proxy") != NULL;
  REQUIRE(first >= 1 && (first == 1 || first <= count));
  if (program == PROGRAM_CODEX || program == PROGRAM_SANDBOX || program == PROGRAM_APPLY_PATCH) REQUIRE(first == 1);
  if (has_proxy_name) REQUIRE(is_proxy && first == 1);
  else if (is_proxy) REQUIRE(first > 1 && strcmp(words[first - 1], "responses-api-proxy") == 0);
  free(text);
  return 0;
}
