// codex-linux-sandbox: confines itself as the policy says and becomes the command. Whatever of that fails,
// the command does not run.
//
//   codex-linux-sandbox --sandbox-policy-cwd DIR --sandbox-policy JSON [--mounts …] -- COMMAND…
//   codex-linux-sandbox --report

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../launcher/launcher.h"
#include "sandbox.h"

static const char usage[] =
    "Usage: codex-linux-sandbox --sandbox-policy-cwd <SANDBOX_POLICY_CWD> --sandbox-policy <SANDBOX_POLICY> "
    "[COMMAND]...\n";

static const char help[] =
    "\n"
    "Runs a command that can write only where the policy says, without network unless it says so.\n"
    "\n"
    "Arguments:\n"
    "  [COMMAND]...  the command and its arguments, after --\n"
    "\n"
    "Options:\n"
    "      --sandbox-policy-cwd <SANDBOX_POLICY_CWD>  the folder that the policy calls the working directory\n"
    "      --sandbox-policy <SANDBOX_POLICY>          JSON, such as {\"mode\":\"read-only\"}\n"
    "      --mounts <HOW>                             auto, own, bubblewrap or none: by whose mounts subpaths stay\n"
    "                                                 read-only [default: auto, the first that works]\n"
    "      --report                                   print as JSON what this machine can enforce\n"
    "  -h, --help                                     print help\n";

struct arguments {
  const char *policy_cwd, *policy;
  char **command;
};

static void refuse_usage(const char *problem, const char *what) {
  fprintf(stderr, "error: %s%s\n\n%s\nFor more information, try '--help'.\n", problem, what, usage);
  exit(SANDBOX_USAGE);
}

// The value of an option given as `--name value` or `--name=value`; NULL when the argument is another.
static const char *option_value(const char *name, char **argv, int *at) {
  size_t length = strlen(name);
  if (strncmp(argv[*at], name, length) != 0) return NULL;
  if (argv[*at][length] == '=') return argv[*at] + length + 1;
  if (argv[*at][length] != '\0') return NULL;
  if (argv[*at + 1] == NULL) refuse_usage("a value is required for ", name);
  return argv[++*at];
}

static void take(const char **place, const char *name, const char *value) {
  if (*place != NULL) refuse_usage("given more than once: ", name);
  *place = value;
}

static void parse(char **argv, struct arguments *arguments) {
  *arguments = (struct arguments){0};
  int at = 1;
  for (; argv[at] != NULL && argv[at][0] == '-'; at++) {
    const char *value;
    if (strcmp(argv[at], "--") == 0) {
      at++;
      break;
    }
    if (strcmp(argv[at], "--help") == 0 || strcmp(argv[at], "-h") == 0) {
      printf("%s%s", usage, help);
      exit(0);
    }
    if ((value = option_value("--sandbox-policy-cwd", argv, &at)) != NULL) {
      take(&arguments->policy_cwd, "--sandbox-policy-cwd", value);
    } else if ((value = option_value("--sandbox-policy", argv, &at)) != NULL) {
      take(&arguments->policy, "--sandbox-policy", value);
    } else {
      refuse_usage("unexpected argument: ", argv[at]);
    }
  }
  if (arguments->policy_cwd == NULL) refuse_usage("a required argument is missing: ", "--sandbox-policy-cwd");
  if (arguments->policy == NULL) refuse_usage("a required argument is missing: ", "--sandbox-policy");
  arguments->command = argv + at;
}

static void become(char **command) {
  execvp(command[0], command);
  int problem = errno;
  refuse(SANDBOX_NOT_STARTED, NULL, "Failed to execvp %s: %s (os error %d)", command[0], strerror(problem), problem);
}

int run_linux_sandbox(int argc, char **argv) {
  (void)argc;
  struct arguments arguments;
  parse(argv, &arguments);
  if (arguments.command[0] == NULL) {
    refuse(SANDBOX_NOT_STARTED, "codex-linux-sandbox … -- COMMAND", "No command specified to execute.");
  }
  struct sandbox_policy policy;
  read_policy(arguments.policy, &policy);
  if (policy.mode == MODE_FULL_ACCESS) become(arguments.command);

  struct layout layout;
  plan_layout(&policy, arguments.policy_cwd, &layout);
  close_inherited_descriptors(3);
  refuse_privileges(policy.network_access);
  restrict_files(&layout, false);
  struct filter_choice choice = {
      .network_access = policy.network_access,
      .guards_truncation = landlock_abi() < 3,
  };
  restrict_system_calls(&choice);
  become(arguments.command);
  return SANDBOX_REFUSED;
}
