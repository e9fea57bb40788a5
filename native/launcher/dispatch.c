// Which program a call means. The proxy is recognised before anything heavy is loaded: by its own
// name, or by `codex [global options] responses-api-proxy`; its commands by the argument after that.

#include <stdio.h>
#include <string.h>

#include "launcher.h"

// Global options of `codex` whose value is the next argument; others carry none or use `=`.
static const char *const global_options_with_value[] = {
    "-c",        "--config", "--enable",        "--disable", "-m",
    "--model",   "-p",       "--profile",       "-s",        "--sandbox",
    "-a",        "-C",       "--cd",            "-i",        "--image",
    "--add-dir", "--proxy",  "--local-provider", "--ask-for-approval",
};

// Mirrored by proxy/command-list.ts, which holds the help; test/commands/dispatch.test.ts compares the two.
static const struct command commands[] = {
    {"env", false, false},
    {"exec", false, true},
    {"rotate", true, false},
    {"token", false, false},
    {"status", false, false},
    {"wait", false, false},
    {"stop", false, false},
    {"top", false, false},
    {"audit", false, false},
};
enum { COMMANDS = sizeof commands / sizeof *commands };

const struct command *find_command(const char *name) {
  for (int i = 0; i < COMMANDS; i++) {
    if (strcmp(commands[i].name, name) == 0) return &commands[i];
  }
  return NULL;
}

// The names with commas between them, for a hint.
void list_commands(char *text, size_t size) {
  size_t length = 0;
  text[0] = '\0';
  for (int i = 0; i < COMMANDS && length < size; i++) {
    length += (size_t)snprintf(text + length, size - length, "%s%s", i == 0 ? "" : ", ", commands[i].name);
  }
}

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

static enum program proxy_or_command(int argc, char **argv, int first_argument) {
  return first_argument < argc && find_command(argv[first_argument]) != NULL ? PROGRAM_COMMAND : PROGRAM_PROXY;
}

// `first_argument` is the name of the command where one is meant.
enum program choose_program(int argc, char **argv, int *first_argument) {
  *first_argument = 1;
  if (argc > 0 && strcmp(base_name(argv[0]), "codex-linux-sandbox") == 0) return PROGRAM_SANDBOX;
  if (argc == 0 || strcmp(base_name(argv[0]), "codex") != 0) return proxy_or_command(argc, argv, 1);
  for (int i = 1; i < argc; i++) {
    if (argv[i][0] == '-' && argv[i][1] != '\0') {
      if (takes_next_argument(argv[i])) i++;
      continue;
    }
    if (strcmp(argv[i], "responses-api-proxy") != 0) return PROGRAM_CODEX;
    *first_argument = i + 1;
    return proxy_or_command(argc, argv, i + 1);
  }
  return PROGRAM_CODEX;
}
