// Which program a call means: only `codex … responses-api-proxy`, or another name, is the proxy, and
// its arguments begin right behind that word.
//
// Input: the arguments from argv[0] on, with a NUL between them.

#include "fuzz.h"

#include "../../../native/launcher/dispatch.c"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  char *words[MAX_WORDS + 1];
  int count, first = -1;
  char *text = words_of(data, size, words, &count);
  enum program program = choose_program(count, words, &first);
  bool is_codex = count > 0 && strcmp(base_name(words[0]), "codex") == 0;
  if (program == PROGRAM_CODEX) REQUIRE(is_codex && first == 1);
  else if (!is_codex) REQUIRE(first == 1);
  else REQUIRE(first > 1 && first <= count && strcmp(words[first - 1], "responses-api-proxy") == 0);
  free(text);
  return 0;
}
