// codex-linux-sandbox: confines itself as the policy says and becomes the command. Whatever of that fails,
// the command does not run.
//
//   codex-linux-sandbox --sandbox-policy-cwd DIR --sandbox-policy JSON [--mounts …] -- COMMAND…
//   codex-linux-sandbox --report

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
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
  const char *policy_cwd, *policy, *mounts, *environment_fd, *supervision_fd;
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
    if (strcmp(argv[at], "--report") == 0) {
      print_report();
      exit(0);
    }
    if ((value = option_value("--sandbox-policy-cwd", argv, &at)) != NULL) {
      take(&arguments->policy_cwd, "--sandbox-policy-cwd", value);
    } else if ((value = option_value("--sandbox-policy", argv, &at)) != NULL) {
      take(&arguments->policy, "--sandbox-policy", value);
    } else if ((value = option_value("--mounts", argv, &at)) != NULL) {
      take(&arguments->mounts, "--mounts", value);
    } else if ((value = option_value("--environment-fd", argv, &at)) != NULL) {
      take(&arguments->environment_fd, "--environment-fd", value);
    } else if ((value = option_value("--supervision-fd", argv, &at)) != NULL) {
      take(&arguments->supervision_fd, "--supervision-fd", value);
    } else {
      refuse_usage("unexpected argument: ", argv[at]);
    }
  }
  if (arguments->policy_cwd == NULL) refuse_usage("a required argument is missing: ", "--sandbox-policy-cwd");
  if (arguments->policy == NULL) refuse_usage("a required argument is missing: ", "--sandbox-policy");
  arguments->command = argv + at;
}

static void __attribute__((noreturn)) become(char **command) {
  execvp(command[0], command);
  int problem = errno;
  refuse(SANDBOX_NOT_STARTED, NULL, "Failed to execvp %s: %s (os error %d)", command[0], strerror(problem), problem);
}

static bool sends_anywhere(int fd) {
  int type;
  socklen_t size = sizeof type;
  return getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) == 0 && type != SOCK_STREAM && type != SOCK_SEQPACKET;
}

// An open folder would be a way around the mounts: it leads to those of the caller. A datagram socket would be
// one around the filter: each message names its receiver.
static void refuse_open_ways(bool network_access) {
  for (int fd = 0; fd <= 2; fd++) {
    struct stat status;
    if (fstat(fd, &status) == 0 && S_ISDIR(status.st_mode)) {
      refuse(SANDBOX_REFUSED, "give it a file, a pipe or /dev/null", "descriptor %d is an open folder", fd);
    }
    if (!network_access && sends_anywhere(fd)) {
      refuse(SANDBOX_REFUSED, "give it a file, a pipe or /dev/null", "descriptor %d is a socket for datagrams", fd);
    }
  }
}

void confine_and_become(const struct confinement *confinement, const struct surroundings *surroundings) {
  struct filter_choice choice = {
      .network_access = confinement->policy->network_access,
      // Without mounts nothing tells the service manager's socket from a harmless one.
      .unix_sockets = surroundings->has_mounts,
      .guards_truncation = landlock_abi() < 3 && !surroundings->has_mounts,
      .is_among_others = !surroundings->has_own_pids,
  };
  struct file_choice files = {
      .layout = &confinement->layout,
      .has_private_shm = surroundings->has_private_shm,
      .has_own_terminals = surroundings->has_own_terminals,
  };
  refuse_privileges(confinement->policy->network_access);
  restrict_files(&files);
  restrict_system_calls(&choice);
  become(confinement->command);
}

// Goes on in the child; the parent tells its stops and its end.
static void fork_under_supervision(int outside) {
  block_signals();
  pid_t command = fork();
  if (command < 0) refuse(SANDBOX_REFUSED, NULL, "cannot fork: %s", strerror(errno));
  if (command > 0) wait_inside(command, outside);
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  close(outside);
  restore_signals();
}

static enum mounts_by which_mounts(const char *name) {
  static const char *const names[] = {"auto", "own", "bubblewrap", "none", "given", "given-with-terminals"};
  for (int i = 0; name != NULL && i <= MOUNTS_GIVEN_WITH_TERMINALS; i++) {
    if (strcmp(name, names[i]) == 0) return (enum mounts_by)i;
  }
  if (name != NULL) refuse_usage("invalid value for --mounts: ", name);
  return MOUNTS_AUTO;
}

int run_linux_sandbox(int argc, char **argv) {
  (void)argc;
  struct arguments arguments;
  parse(argv, &arguments);
  if (arguments.command[0] == NULL) {
    refuse(SANDBOX_NOT_STARTED, "codex-linux-sandbox … -- COMMAND", "No command specified to execute.");
  }
  enum mounts_by mounts = which_mounts(arguments.mounts);
  struct sandbox_policy policy;
  read_policy(arguments.policy, &policy);
  prctl(PR_SET_PDEATHSIG, SIGTERM);  // kept over the exec
  if (policy.mode == MODE_FULL_ACCESS) become(arguments.command);

  if (arguments.environment_fd != NULL) take_environment(atoi(arguments.environment_fd));
  int outside = arguments.supervision_fd == NULL ? -1 : keep_descriptor(atoi(arguments.supervision_fd));
  close_inherited_descriptors(3);
  refuse_open_ways(policy.network_access);
  if (landlock_abi() == 0) restrict_files(&(struct file_choice){.has_private_shm = false});  // says why not
  struct confinement confinement = {
      .policy = &policy,
      .policy_cwd = arguments.policy_cwd,
      .policy_text = arguments.policy,
      .command = arguments.command,
  };
  plan_layout(&policy, arguments.policy_cwd, &confinement.layout);
  if (mounts == MOUNTS_AUTO || mounts == MOUNTS_OWN) run_in_namespaces(&confinement);
  const char *bubblewrap =
      mounts == MOUNTS_AUTO || mounts == MOUNTS_BUBBLEWRAP ? find_bubblewrap(&confinement.layout) : NULL;
  if (bubblewrap != NULL && bubblewrap_works(bubblewrap)) run_in_bubblewrap(bubblewrap, &confinement);
  if (mounts == MOUNTS_OWN || mounts == MOUNTS_BUBBLEWRAP) {
    refuse(SANDBOX_REFUSED, "see codex-linux-sandbox --report", "this machine does not let it make the mounts asked for");
  }
  bool is_given = mounts == MOUNTS_GIVEN || mounts == MOUNTS_GIVEN_WITH_TERMINALS;
  struct surroundings surroundings = {
      .has_mounts = is_given,
      .has_private_shm = is_given,
      .has_own_terminals = mounts == MOUNTS_GIVEN_WITH_TERMINALS,
      .has_own_pids = is_given,
  };
  if (outside >= 0) fork_under_supervision(outside);
  confine_and_become(&confinement, &surroundings);
}
