// Which program a call means. The proxy is recognised before anything heavy is loaded: by its own
// name, or by `codex [global options] responses-api-proxy`; its commands by the argument after that.
// The helpers of the command line go by names of their own. Every other name is the command line.

#include <stdio.h>
#include <string.h>

#include "launcher.h"

// Global options of `codex` whose value is the next argument; others carry none or use `=`.
static const char *const global_options_with_value[] = {
    "-c",        "--config", "--enable",        "--disable", "-m",
    "--model",   "-p",       "--profile",       "-s",        "--sandbox",
    "-a",        "-C",       "--cd",            "--add-dir", "--proxy",
    "--local-provider",      "--ask-for-approval",
};

// And those that take every word up to the next option.
static const char *const global_options_with_values[] = {"-i", "--image"};

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

#define IS_ONE_OF(word, list) is_one_of(word, list, sizeof(list) / sizeof *(list))

static bool is_one_of(const char *word, const char *const list[], size_t count) {
  for (size_t i = 0; i < count; i++) {
    if (strcmp(word, list[i]) == 0) return true;
  }
  return false;
}

static bool is_option(const char *word) { return word[0] == '-' && word[1] != '\0'; }

// Where the first word is that is neither an option nor the value of one; argc where there is none, or
// where `--` says that all that follows is a prompt.
static int skip_global_options(int argc, char **argv) {
  int i = 1;
  while (i < argc && is_option(argv[i])) {
    const char *option = argv[i++];
    if (strcmp(option, "--") == 0) return argc;
    if (IS_ONE_OF(option, global_options_with_value)) i++;
    if (!IS_ONE_OF(option, global_options_with_values)) continue;
    while (i < argc && !is_option(argv[i])) i++;
  }
  return i < argc ? i : argc;
}

static const char *base_name(const char *path) {
  const char *slash = strrchr(path, '/');
  return slash == NULL ? path : slash + 1;
}

static enum program proxy_or_command(int argc, char **argv, int first_argument) {
  return first_argument < argc && find_command(argv[first_argument]) != NULL ? PROGRAM_COMMAND : PROGRAM_PROXY;
}

// `first_argument` is the name of the command where one is meant, and the first that is left for the program.
enum program choose_program(int argc, char **argv, int *first_argument) {
  *first_argument = 1;
  const char *name = argc == 0 ? "" : base_name(argv[0]);
  if (strcmp(name, "codex-linux-sandbox") == 0) return PROGRAM_SANDBOX;
  if (strcmp(name, "codex-command") == 0) return PROGRAM_RUNNER;
  if (strcmp(name, "apply_patch") == 0 || strcmp(name, "applypatch") == 0) return PROGRAM_APPLY_PATCH;
  if (strstr(name, "responses-api-proxy") != NULL) return proxy_or_command(argc, argv, 1);
  // The word goes on to the program, which takes exactly one argument after it and never reads stdin then.
  if (argc > 1 && strcmp(argv[1], "--codex-run-as-apply-patch") == 0) return PROGRAM_APPLY_PATCH;
  int at = skip_global_options(argc, argv);
  if (at == argc || strcmp(argv[at], "responses-api-proxy") != 0) return PROGRAM_CODEX;
  *first_argument = at + 1;
  return proxy_or_command(argc, argv, at + 1);
}
