// The environment that the proxy gets: nothing whose name is not on the list, and nothing made up.
//
// Input: the entries, with a NUL between them.

#include "fuzz.h"

#include "../../../native/launcher/environment.c"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  char *words[MAX_WORDS + 1];
  int count;
  char *text = words_of(data, size, words, &count);
  int passed = 0;
  names_a_proxy(words);
  for (char **entry = allowed_environment(words); *entry != NULL; entry++, passed++) {
    bool was_given = false, is_listed = false;
    for (int i = 0; i < count; i++) was_given = was_given || words[i] == *entry;
    const char *equals = strchr(*entry, '=');
    REQUIRE(was_given && equals != NULL);
    size_t length = (size_t)(equals - *entry);
    for (int i = 0; i < ALLOWED_VARIABLES; i++) {
      is_listed = is_listed || (strlen(allowed_variables[i]) == length &&
                                memcmp(*entry, allowed_variables[i], length) == 0);
    }
    REQUIRE(is_listed);
  }
  REQUIRE(passed <= ALLOWED_VARIABLES);
  free(text);
  return 0;
}
