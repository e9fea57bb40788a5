// The environment of the command line: the user's, in which what would steer Node or the dynamic loader
// goes by another name. agent/environment.ts gives the names back to children.

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "../codex-variables.h"
#include "launcher.h"

// A name ends in `=`; otherwise it stands for every name that begins with it.
static const char *const steering_names[] = {
    "LD_", "DYLD_", "NODE_", "OPENSSL_", "GLIBC_TUNABLES=", "MALLOC_",
};

static bool steers(const char *entry) {
  for (size_t i = 0; i < sizeof steering_names / sizeof *steering_names; i++) {
    if (strncmp(entry, steering_names[i], strlen(steering_names[i])) == 0) return true;
  }
  return false;
}

// What an outer call left, or somebody made up: only the launcher itself may say these.
static bool is_launchers_own(const char *entry) {
  return strncmp(entry, LAUNCHER_VARIABLE "=", strlen(LAUNCHER_VARIABLE "=")) == 0 ||
         strncmp(entry, OPEN_FILES_VARIABLE "=", strlen(OPEN_FILES_VARIABLE "=")) == 0 ||
         strncmp(entry, IGNORED_SIGNALS_VARIABLE "=", strlen(IGNORED_SIGNALS_VARIABLE "=")) == 0 ||
         strncmp(entry, HIDDEN_PREFIX, strlen(HIDDEN_PREFIX)) == 0;
}

static char *joined(const char *first, const char *second) {
  size_t size = strlen(first) + strlen(second) + 1;
  char *text = malloc(size);
  if (text == NULL) fail(EXIT_RUNTIME, NULL, "no memory for the environment");
  snprintf(text, size, "%s%s", first, second);
  return text;
}

// Those by which a terminal or a user ends a program; the rest are Node's own business.
static char *ignored_signals(void) {
  static const int ending[] = {SIGHUP, SIGINT, SIGQUIT, SIGTERM};
  char list[64] = "";
  for (size_t i = 0; i < sizeof ending / sizeof *ending; i++) {
    struct sigaction action;
    if (sigaction(ending[i], NULL, &action) != 0 || action.sa_handler != SIG_IGN) continue;
    size_t length = strlen(list);
    snprintf(list + length, sizeof list - length, "%s%d", length == 0 ? "" : ",", ending[i]);
  }
  return joined(IGNORED_SIGNALS_VARIABLE "=", list);
}

char **codex_environment(char **environment, const char *launcher) {
  size_t count = 0;
  while (environment[count] != NULL) count++;
  char **changed = malloc((count + 4) * sizeof *changed);
  if (changed == NULL) fail(EXIT_RUNTIME, NULL, "no memory for the environment");
  size_t kept = 0;
  for (char **entry = environment; *entry != NULL; entry++) {
    if (is_launchers_own(*entry)) continue;
    changed[kept++] = steers(*entry) ? joined(HIDDEN_PREFIX, *entry) : *entry;
  }
  changed[kept++] = joined(LAUNCHER_VARIABLE "=", launcher);
  changed[kept++] = ignored_signals();
  struct rlimit files;
  char limit[32];
  if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
    snprintf(limit, sizeof limit, "%llu", (unsigned long long)files.rlim_cur);
    changed[kept++] = joined(OPEN_FILES_VARIABLE "=", limit);
  }
  changed[kept] = NULL;
  return changed;
}

// For the commands of the proxy, which are no part of the command line: in place.
void forget_codex_variables(char **environment) {
  char **kept = environment;
  for (char **entry = environment; *entry != NULL; entry++) {
    if (!is_launchers_own(*entry)) *kept++ = *entry;
  }
  *kept = NULL;
}
