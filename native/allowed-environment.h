// The environment variables that may reach the process with the key. Everything else is a way in:
// LD_*, NODE_*, OPENSSL_*, *_PROXY, SSL_*, RES_OPTIONS and whatever is invented next.
// The launcher builds the environment from this list; the addon scrubs whatever is not on it. What the
// service manager says by NOTIFY_SOCKET, WATCHDOG_* and LISTEN_* is used up by the launcher.
#ifndef ALLOWED_ENVIRONMENT_H
#define ALLOWED_ENVIRONMENT_H

#include <string.h>

static const char *const allowed_variables[] = {
    "CREDENTIALS_DIRECTORY",  // systemd.exec(5), LoadCredential=
};
enum { ALLOWED_VARIABLES = sizeof allowed_variables / sizeof *allowed_variables };

static inline int is_allowed_variable(const char *entry) {
  for (int i = 0; i < ALLOWED_VARIABLES; i++) {
    size_t length = strlen(allowed_variables[i]);
    if (strncmp(entry, allowed_variables[i], length) == 0 && entry[length] == '=') return 1;
  }
  return 0;
}

#endif
