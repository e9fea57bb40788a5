// Builds the environment of the process that will hold the key, from an allow-list.

#include <string.h>

#include "../allowed-environment.h"
#include "launcher.h"

char **allowed_environment(char **environment) {
  static char *allowed[ALLOWED_VARIABLES + 1];
  int count = 0;
  for (char **entry = environment; *entry != NULL && count < ALLOWED_VARIABLES; entry++) {
    if (is_allowed_variable(*entry)) allowed[count++] = *entry;
  }
  allowed[count] = NULL;
  return allowed;
}

// Whether whoever starts it expects a forward proxy to be used, as many programs do.
bool names_a_proxy(char **environment) {
  static const char *const names[] = {"https_proxy", "http_proxy", "all_proxy"};
  for (char **entry = environment; *entry != NULL; entry++) {
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
      size_t length = strlen(names[i]);
      bool is_named = strncasecmp(*entry, names[i], length) == 0 && (*entry)[length] == '=';
      if (is_named && (*entry)[length + 1] != '\0') return true;
    }
  }
  return false;
}
