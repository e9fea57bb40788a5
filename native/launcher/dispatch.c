// Which of the two programs a call means. The proxy is recognised before anything heavy is loaded:
// by its own name, or by `codex [global options] responses-api-proxy`.

#include <string.h>

#include "launcher.h"

// Global options of `codex` whose value is the next argument; others carry none or use `=`.
static const char *const global_options_with_value[] = {
    "-c",        "--config", "--enable",        "--disable", "-m",
    "--model",   "-p",       "--profile",       "-s",        "--sandbox",
    "-a",        "-C",       "--cd",            "-i",        "--image",
    "--add-dir", "--proxy",  "--local-provider", "--ask-for-approval",
};

static bool takes_next_argument(const char *argument) {
  size_t count = sizeof global_options_with_value / sizeof *global_options_with_value;
  for (size_t i = 0; i < count; i++) {
    if (strcmp(argument, global_options_with_value[i]) == 0) return true;
  }
  return false;
}

static const char *base_name(const char *path) {
  const char *slash = strrchr(path, '/');
  return slash == NULL ? path : slash + 1;
}

enum program choose_program(int argc, char **argv, int *first_argument) {
  *first_argument = 1;
  if (argc == 0 || strcmp(base_name(argv[0]), "codex") != 0) return PROGRAM_PROXY;
  for (int i = 1; i < argc; i++) {
    if (argv[i][0] == '-' && argv[i][1] != '\0') {
      if (takes_next_argument(argv[i])) i++;
      continue;
    }
    if (strcmp(argv[i], "responses-api-proxy") != 0) return PROGRAM_CODEX;
    *first_argument = i + 1;
    return PROGRAM_PROXY;
  }
  return PROGRAM_CODEX;
}
