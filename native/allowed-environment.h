// The environment variables that may reach the process with the key. Everything else is a way in:
// LD_*, NODE_*, OPENSSL_*, *_PROXY, SSL_*, RES_OPTIONS and whatever is invented next.
// The launcher builds the environment from this list; the addon scrubs whatever is not on it.
#ifndef ALLOWED_ENVIRONMENT_H
#define ALLOWED_ENVIRONMENT_H

#include <string.h>

static const char *const allowed_variables[] = {
    "NOTIFY_SOCKET",          // sd_notify(3)
    "WATCHDOG_PID",           // sd_watchdog_enabled(3)
    "WATCHDOG_USEC",          // sd_watchdog_enabled(3)
    "CREDENTIALS_DIRECTORY",  // systemd.exec(5), LoadCredential=
    "LISTEN_PID",             // sd_listen_fds(3)
    "LISTEN_FDS",             // sd_listen_fds(3)
    "LISTEN_FDNAMES",         // sd_listen_fds(3)
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
