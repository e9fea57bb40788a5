// Reads the proxy's command line, once, for both processes: Node gets the canonical result and has
// no second opinion on where an option ends. What a value means is checked by whoever uses it.

#include <stdlib.h>
#include <stdio.h>
#include <string.h>

#include "launcher.h"

enum arity { SWITCH, VALUE };
enum repeat { ONCE, REPEATABLE };

struct option {
  const char *name;
  const char *short_name;
  enum arity arity;
  enum repeat repeat;
  bool ignored;  // global options of `codex` that mean nothing to the proxy
};

// Mirrored by proxy/options.ts, which holds the help; test/proxy/options.test.ts compares the two.
static const struct option known_options[] = {
    {"--port", NULL, VALUE, ONCE, false},
    {"--socket", NULL, VALUE, ONCE, false},
    {"--socket-mode", NULL, VALUE, ONCE, false},
    {"--socket-owner", NULL, VALUE, ONCE, false},
    {"--socket-group", NULL, VALUE, ONCE, false},
    {"--admin-socket", NULL, VALUE, ONCE, false},
    {"--admin-socket-mode", NULL, VALUE, ONCE, false},
    {"--admin-socket-group", NULL, VALUE, ONCE, false},
    {"--server-info", NULL, VALUE, ONCE, false},
    {"--http-shutdown", NULL, SWITCH, ONCE, false},
    {"--upstream-url", NULL, VALUE, ONCE, false},
    {"--upstream-ca", NULL, VALUE, ONCE, false},
    {"--upstream-auth", NULL, VALUE, ONCE, false},
    {"--upstream-header", NULL, VALUE, REPEATABLE, false},
    {"--upstream-client-cert", NULL, VALUE, ONCE, false},
    {"--upstream-client-key", NULL, VALUE, ONCE, false},
    {"--upstream-proxy", NULL, VALUE, ONCE, false},
    {"--upstream-sni", NULL, VALUE, ONCE, false},
    {"--upstream-tls-min-version", NULL, VALUE, ONCE, false},
    {"--allow-insecure-upstream", NULL, SWITCH, ONCE, false},
    {"--allow-host", NULL, VALUE, REPEATABLE, false},
    {"--allow-user", NULL, VALUE, REPEATABLE, false},
    {"--allow-group", NULL, VALUE, REPEATABLE, false},
    {"--allow-uid", NULL, VALUE, REPEATABLE, false},
    {"--client-tokens", NULL, VALUE, ONCE, false},
    {"--key-fd", NULL, VALUE, ONCE, false},
    {"--key-credential", NULL, VALUE, ONCE, false},
    {"--key-command", NULL, VALUE, ONCE, false},
    {"--github-oidc", NULL, SWITCH, ONCE, false},
    {"--oidc-audience", NULL, VALUE, ONCE, false},
    {"--identity-provider-id", NULL, VALUE, ONCE, false},
    {"--service-account-id", NULL, VALUE, ONCE, false},
    {"--github-oidc-request-url", NULL, VALUE, ONCE, false},
    {"--max-body-bytes", NULL, VALUE, ONCE, false},
    {"--drain-timeout-ms", NULL, VALUE, ONCE, false},
    {"--client-headers-timeout-ms", NULL, VALUE, ONCE, false},
    {"--client-body-idle-timeout-ms", NULL, VALUE, ONCE, false},
    {"--upstream-connect-timeout-ms", NULL, VALUE, ONCE, false},
    {"--upstream-tls-timeout-ms", NULL, VALUE, ONCE, false},
    {"--upstream-headers-timeout-ms", NULL, VALUE, ONCE, false},
    {"--stream-idle-timeout-ms", NULL, VALUE, ONCE, false},
    {"--dump-dir", NULL, VALUE, ONCE, false},
    {"--audit-log", NULL, VALUE, ONCE, false},
    {"--audit-chain", NULL, SWITCH, ONCE, false},
    {"--daemon", NULL, SWITCH, ONCE, false},
    {"--log-file", NULL, VALUE, ONCE, false},
    {"--user", NULL, VALUE, ONCE, false},
    {"--allow-root", NULL, SWITCH, ONCE, false},
    {"--require-hardening", NULL, VALUE, ONCE, false},
    {"--json", NULL, SWITCH, ONCE, false},
    {"--check", NULL, SWITCH, ONCE, false},
    {"--version", "-V", SWITCH, ONCE, false},
    {"--help", "-h", SWITCH, ONCE, false},
    {"--config", "-c", VALUE, REPEATABLE, true},
    {"--enable", NULL, VALUE, REPEATABLE, true},
    {"--disable", NULL, VALUE, REPEATABLE, true},
};
enum { KNOWN_OPTIONS = sizeof known_options / sizeof *known_options };

static const char usage_hint[] = "see codex-responses-api-proxy --help";

// Finds the option that `argument` names and, where it is written `--name=value`, its value.
static int find_option(const char *argument, const char **inline_value) {
  size_t length = strcspn(argument, "=");
  *inline_value = argument[length] == '=' ? argument + length + 1 : NULL;
  for (int i = 0; i < KNOWN_OPTIONS; i++) {
    const char *names[] = {known_options[i].name, known_options[i].short_name};
    for (int j = 0; j < 2; j++) {
      if (names[j] != NULL && strlen(names[j]) == length && strncmp(argument, names[j], length) == 0) {
        return i;
      }
    }
  }
  return -1;
}

static int parse_port(const char *text) {
  char *end;
  long port = strtol(text, &end, 10);
  if (text[0] < '0' || text[0] > '9' || *end != '\0' || strlen(text) > 5 || port > 65535) {
    fail(EXIT_USAGE, "give a number from 0 to 65535; 0 takes a free port", "invalid value for --port");
  }
  return (int)port;
}

static mode_t parse_mode(const char *option, const char *text) {
  size_t digits = strspn(text, "01234567");
  long mode = strtol(text, NULL, 8);
  if (digits < 3 || digits > 4 || text[digits] != '\0' || mode > 0777) {
    fail(EXIT_USAGE, "give it in octal: 0660 for its owner and group, 0666 for every user", "invalid value for %s",
         option);
  }
  return (mode_t)mode;
}

// The sockets are made by the launcher, Node never needs these options. Returns whether it is one.
static bool take_socket_option(struct options *options, const char *name, const char *value) {
  struct unix_wish *wish = strncmp(name, "--admin-socket", 14) == 0 ? &options->admin_socket : &options->socket;
  size_t length = strlen(wish->option);
  if (strncmp(name, wish->option, length) != 0) return false;
  const char *flag = name + length;
  if (flag[0] == '\0') wish->path = value;
  if (strcmp(flag, "-mode") == 0) wish->mode = parse_mode(name, value);
  if (strcmp(flag, "-owner") == 0) wish->owner = value;
  if (strcmp(flag, "-group") == 0) wish->group = value;
  wish->has_flags = wish->has_flags || flag[0] != '\0';
  return true;
}

// An option that would do nothing is more likely a mistake than a wish.
static void refuse_idle_flags(const struct unix_wish *wish) {
  if (!wish->has_flags) return;
  if (wish->path == NULL) {
    fail(EXIT_USAGE, usage_hint, "%s-mode, -owner and -group belong to %s", wish->option, wish->option);
  }
  if (wish->path[0] == '@') {
    fail(EXIT_USAGE, "give a path in its place", "an abstract name for %s has neither mode nor owner", wish->option);
  }
}

// stdin, stdout and stderr are none to choose: the first is where the key comes from anyway.
static int parse_key_fd(const char *text) {
  size_t length = strspn(text, "0123456789");
  int fd = atoi(text);
  if (length == 0 || length > 7 || text[length] != '\0' || fd <= 2) {
    fail(EXIT_USAGE, "give the number of a descriptor from 3 on; stdin is read without the option",
         "invalid value for --key-fd");
  }
  return fd;
}

// What is tried to hand over a key with, and where it would lie open.
static void refuse_open_key(const char *name, size_t length) {
  char lower[64];
  snprintf(lower, sizeof lower, "%.*s", (int)length, name);
  for (char *c = lower; *c != '\0'; c++) {
    if (*c >= 'A' && *c <= 'Z') *c = (char)(*c + 'a' - 'A');
  }
  if (strstr(lower, "client") != NULL) return;  // misspelt: these take files
  if (strstr(lower, "key") == NULL && strstr(lower, "token") == NULL && strstr(lower, "secret") == NULL) return;
  if (strstr(lower, "env") != NULL) {
    fail(EXIT_USAGE, "printenv NAME | env -u NAME codex-responses-api-proxy",
         "no option takes the key from the environment, where every process of its user can read it");
  }
  if (strstr(lower, "file") != NULL || strstr(lower, "path") != NULL) {
    fail(EXIT_USAGE, "codex-responses-api-proxy < FILE", "a file with the key is given as stdin, not by an option");
  }
  fail(EXIT_USAGE,
       "codex-responses-api-proxy < FILE, or --key-fd, --key-credential, --key-command; replace a key that was given here",
       "no option takes the key itself: every user of this machine can read a command line");
}

// Quotes no value: it may be the key, put where the key does not belong.
static void refuse_argument(const char *argument, int position) {
  if (argument[0] != '-' && position == 1) {
    char commands[256], hint[512];
    list_commands(commands, sizeof commands);
    snprintf(hint, sizeof hint,
             "the API key is read from stdin, never from the command line; the commands are %s", commands);
    fail(EXIT_USAGE, hint, "unexpected argument number 1");
  }
  if (argument[0] != '-') {
    fail(EXIT_USAGE, "the API key is read from stdin, never from the command line",
         "unexpected argument number %d", position);
  }
  if (argument[1] == '-') refuse_open_key(argument, strcspn(argument, "="));
  // Only what may be a misspelt option is repeated: letters and hyphens, not many.
  size_t length = strspn(argument, "abcdefghijklmnopqrstuvwxyz-");
  bool is_name = length <= 24 && (argument[length] == '\0' || argument[length] == '=');
  if (is_name) fail(EXIT_USAGE, usage_hint, "unknown option '%.*s'", (int)length, argument);
  fail(EXIT_USAGE, usage_hint, "argument number %d is an unknown option", position);
}

static void add_canonical(struct options *options, const char *name, const char *value) {
  if (options->canonical_count == MAX_ARGS) fail(EXIT_USAGE, usage_hint, "too many options");
  char *text = NULL;
  int length = value == NULL ? asprintf(&text, "%s", name) : asprintf(&text, "%s=%s", name, value);
  if (length < 0) fail(EXIT_LAUNCHER, NULL, "out of memory");
  options->canonical[options->canonical_count++] = text;
}

// A daemon without a log could not say why it ended, and one without server info would not be found.
static void refuse_daemon_combinations(const struct options *options) {
  if (options->log_file != NULL && !options->daemon) {
    fail(EXIT_USAGE, "without --daemon stderr goes where the shell sends it: 2>FILE", "--log-file belongs to --daemon");
  }
  if (!options->daemon) return;
  if (options->check) fail(EXIT_USAGE, usage_hint, "--daemon and --check exclude each other");
  if (options->log_file == NULL) fail(EXIT_USAGE, "give --log-file FILE, for what it has to say", "--daemon needs --log-file");
  if (options->server_info == NULL) {
    fail(EXIT_USAGE, "give --server-info FILE, by which clients, status and stop find it", "--daemon needs --server-info");
  }
}

void parse_options(int argc, char **argv, int first_argument, struct options *options) {
  bool seen[KNOWN_OPTIONS] = {false};
  int key_sources = 0;
  memset(options, 0, sizeof *options);
  options->dump_folder = -1;
  options->socket = (struct unix_wish){.option = "--socket", .mode = 0660};
  options->admin_socket = (struct unix_wish){.option = "--admin-socket", .mode = 0600};
  options->key_fd = -1;
  options->upstream_url = "https://api.openai.com/v1/responses";  // the default in proxy/options.ts

  for (int i = first_argument; i < argc; i++) {
    const char *value;
    int index = argv[i][0] == '-' ? find_option(argv[i], &value) : -1;
    if (index < 0) refuse_argument(argv[i], i - first_argument + 1);

    const struct option *option = &known_options[index];
    if (seen[index] && option->repeat == ONCE) {
      fail(EXIT_USAGE, "give it once", "the option '%s' cannot be used more than once", option->name);
    }
    seen[index] = true;

    if (option->arity == SWITCH && value != NULL) {
      fail(EXIT_USAGE, usage_hint, "the option '%s' takes no value", option->name);
    }
    if (option->arity == VALUE && value == NULL) {
      // A value that looks like an option is more likely a forgotten value.
      if (i + 1 < argc && (argv[i + 1][0] != '-' || argv[i + 1][1] == '\0')) value = argv[++i];
    }
    if (option->arity == VALUE && value == NULL && i + 1 < argc && argv[i + 1][0] == '-') {
      fail(EXIT_USAGE, "a value that begins with - is written --option=value", "the option '%s' needs a value",
           option->name);
    }
    if (option->arity == VALUE && (value == NULL || value[0] == '\0')) {
      fail(EXIT_USAGE, usage_hint, "the option '%s' needs a value", option->name);
    }

    if (option->ignored) continue;
    if (strcmp(option->name, "--port") == 0) {
      options->port = parse_port(value);
      options->has_port = true;
      continue;  // the socket is made here, Node never needs the number
    }
    if (take_socket_option(options, option->name, value)) continue;
    if (strcmp(option->name, "--daemon") == 0) {
      options->daemon = true;
      continue;  // what becomes of the process is done here, likewise
    }
    if (strcmp(option->name, "--log-file") == 0) {
      options->log_file = value;
      continue;
    }
    // Kept here as well: the proxy finds the key on its stdin, and a command can say what others may not see.
    if (strcmp(option->name, "--key-fd") == 0) options->key_fd = parse_key_fd(value);
    if (strcmp(option->name, "--key-credential") == 0) options->key_credential = value;
    if (strcmp(option->name, "--key-command") == 0) options->key_command = value;
    if (strncmp(option->name, "--key-", 6) == 0) {
      if (key_sources++ == 0) continue;
      fail(EXIT_USAGE, "give one of them", "--key-fd, --key-credential and --key-command exclude each other");
    }
    if (strcmp(option->name, "--require-hardening") == 0) options->requires_nothing = strcmp(value, "none") == 0;
    if (strcmp(option->name, "--server-info") == 0) options->server_info = value;
    if (strcmp(option->name, "--dump-dir") == 0) options->dump_dir = value;
    if (strcmp(option->name, "--client-tokens") == 0) options->client_tokens = value;
    if (strcmp(option->name, "--audit-log") == 0) options->audit_log = value;
    if (strcmp(option->name, "--upstream-ca") == 0) options->upstream_ca = value;
    if (strcmp(option->name, "--upstream-url") == 0) options->upstream_url = value;
    if (strcmp(option->name, "--github-oidc-request-url") == 0) options->oidc_url = value;
    if (strcmp(option->name, "--upstream-proxy") == 0) options->upstream_proxy = value;
    if (strcmp(option->name, "--upstream-client-cert") == 0) options->upstream_client_cert = value;
    if (strcmp(option->name, "--upstream-client-key") == 0) options->upstream_client_key = value;
    if (strcmp(option->name, "--check") == 0) options->check = true;
    if (strcmp(option->name, "--help") == 0) options->answer_only = true;
    if (strcmp(option->name, "--version") == 0) options->answer_only = true;
    add_canonical(options, option->name, value);
  }
  if (options->answer_only) return;
  refuse_daemon_combinations(options);
  refuse_idle_flags(&options->socket);
  refuse_idle_flags(&options->admin_socket);
}
