// Builds the environment of the process that will hold the key, from an allow-list.

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
