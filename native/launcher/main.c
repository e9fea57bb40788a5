// The launcher: makes the process in which the proxy may read a key, then becomes it.
//
// A static executable, so that no LD_* variable loads anything into it, and never a Node script,
// which would run what NODE_OPTIONS names while the key waits on stdin. It reads no key itself.
// The order of the steps is the security argument; each says what it precedes and why.

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "launcher.h"

#ifdef __linux__
#include <sys/prctl.h>
#endif

#ifndef NODE_PATH
#error "NODE_PATH, the Node to run, is compiled in"
#endif

// From node-flags.h, written by the build: the flags that this Node knows, as C strings.
static const char *const node_flags[] = {
#include "node-flags.h"
};
enum { NODE_FLAGS = sizeof node_flags / sizeof *node_flags };

// Likewise, for the command line. The first entry keeps the table from being empty.
static const char *const codex_node_flag_table[] = {
    "",
#include "codex-node-flags.h"
};
static const char *const *const codex_node_flags = codex_node_flag_table + 1;
enum { CODEX_NODE_FLAGS = sizeof codex_node_flag_table / sizeof *codex_node_flag_table - 1 };

extern char **environ;

static void become_node(const char *const arguments[], char **environment) {
  execve(NODE_PATH, (char *const *)arguments, environment);
  const char *hint = errno == EACCES ? "let this user run it, or build the package with a Node that he may run"
                                     : "Node moved or was removed: build the package again with npm rebuild";
  fail(EXIT_LAUNCHER, hint,
       "cannot start %s: %s", NODE_PATH, strerror(errno));
}

static void require_readable(const char *file) {
  if (access(file, R_OK) == 0) return;
  const char *hint = errno == EACCES ? "let this user read the package, or start it as one who can"
                                     : "the package is not built: run npm ci, or npm rebuild";
  fail(EXIT_LAUNCHER, hint, "cannot read %s: %s", file, strerror(errno));
}

// The command line, or its tool for patches. Limits, signals, descriptors and the file mode mask stay as
// the user has them: the commands that it runs are his.
static void become_codex(const struct package_paths *paths, const char *entry, int argc, char **argv,
                         int first_argument) {
  require_readable(entry);
  require_readable(paths->addon);
  const char *arguments[CODEX_NODE_FLAGS + argc + 3];
  int count = 0;
  arguments[count++] = NODE_PATH;
  for (int i = 0; i < CODEX_NODE_FLAGS; i++) arguments[count++] = codex_node_flags[i];
  arguments[count++] = entry;
  for (int i = first_argument; i < argc; i++) arguments[count++] = argv[i];
  arguments[count] = NULL;
  become_node(arguments, codex_environment(environ, paths->launcher));
}

// Half a root is refused: what checks the effective uid would take it for a user without rights.
static void refuse_mixed_uids(void) {
  uid_t real, effective, saved;
  if (getresuid(&real, &effective, &saved) != 0) return;
  if (real == effective && saved == effective) return;
  fail(EXIT_LAUNCHER, "start it as one user: setpriv --reuid, or sudo -u",
       "started with several user ids (%u, %u, %u)", real, effective, saved);
}

// Node aborts, or worse, with fewer than some two dozen.
static void require_descriptors(void) {
  struct rlimit limit;
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_max >= 64) return;
  fail(EXIT_RUNTIME, "raise it: ulimit -n 1024", "the limit on open files is %lu, too low to start",
       (unsigned long)limit.rlim_max);
}

// A starter can block or ignore signals for its children. Node undoes the ignoring, but who ignores the
// end of a child is not told how it ended; nobody else would unblock them. nohup(1) is the one wish among
// them that is kept.
static bool normalise_signals(void) {
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, NULL);
  signal(SIGCHLD, SIG_DFL);
  struct sigaction hangup;
  return sigaction(SIGHUP, NULL, &hangup) == 0 && hangup.sa_handler == SIG_IGN;
}

// A command of the user who calls it, with that user's own environment: it holds nothing that he does
// not have. `exec` passes the environment on. A command that reads a key is prepared as the proxy is.
static void become_command(const struct package_paths *paths, const struct command *command, int argc, char **argv,
                           int first_argument) {
  require_readable(paths->commands_entry);
  const char *untrusted = geteuid() == 0 ? find_untrusted_file(paths) : NULL;
  if (untrusted != NULL) {
    fail(EXIT_LAUNCHER,
         "install it where root alone may write (npm install -g as root), or run it as the user who owns it",
         "others than root may change %s, and with it what would run as root", untrusted);
  }
  const char *arguments[NODE_FLAGS + argc + 8];
  int count = 0;
  arguments[count++] = NODE_PATH;
  for (int i = 0; i < NODE_FLAGS; i++) arguments[count++] = node_flags[i];
  if (command->reads_key) {
    require_readable(paths->addon);
    arguments[count++] = "--require";
    arguments[count++] = paths->addon;
  }
  arguments[count++] = paths->commands_entry;
  for (int i = first_argument; i < argc; i++) arguments[count++] = argv[i];
  arguments[count] = NULL;
  // Node closes the first few by itself, and leaves those behind a gap.
  if (command->runs_another) close_inherited_descriptors(LISTEN_FD);
  forget_codex_variables(environ);
  if (!command->reads_key) become_node(arguments, environ);

  close_inherited_descriptors(LISTEN_FD);
  normalise_signals();
  refuse_core_dumps();
  umask(077);
  refuse_new_privileges();
  deny_bind_and_io_uring();
  char **environment = allowed_environment(environ);
  if (geteuid() != 0) become_node_unreadably(arguments, environment);
  become_node(arguments, environment);
}

int main(int argc, char **argv) {
#ifdef __linux__
  // First of all. It lasts until the exec; the addon sets it again before any script runs.
  if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0) {
    fail(EXIT_DUMPABLE, NULL, "prctl(PR_SET_DUMPABLE, 0) failed: %s", strerror(errno));
  }
#endif
  open_missing_stdio();  // before anything opens a descriptor

  refuse_mixed_uids();
  require_descriptors();

  int first_argument;
  enum program program = choose_program(argc, argv, &first_argument);
#ifdef __linux__
  if (program == PROGRAM_SANDBOX) return run_linux_sandbox(argc, argv);
#else
  if (program == PROGRAM_SANDBOX) fail(EXIT_USAGE, NULL, "codex-linux-sandbox is for Linux only");
#endif
  if (program == PROGRAM_RUNNER) return run_command(argc, argv);
  struct package_paths paths;
  find_package(&paths);
  if (program == PROGRAM_CODEX) become_codex(&paths, paths.cli_entry, argc, argv, 1);
  if (program == PROGRAM_APPLY_PATCH) become_codex(&paths, paths.apply_patch_entry, argc, argv, first_argument);
  if (program == PROGRAM_COMMAND) {
    become_command(&paths, find_command(argv[first_argument]), argc, argv, first_argument);
  }

  require_readable(paths.addon);
  require_readable(paths.proxy_entry);
  struct options options;
  parse_options(argc, argv, first_argument, &options);

  const char *arguments[NODE_FLAGS + MAX_ARGS + 32];
  int count = 0;
  arguments[count++] = NODE_PATH;
  for (int i = 0; i < NODE_FLAGS; i++) arguments[count++] = node_flags[i];
  arguments[count++] = "--require";
  arguments[count++] = paths.addon;
  arguments[count++] = paths.proxy_entry;

  const char *untrusted = find_untrusted_file(&paths);
  if (untrusted != NULL) {
    if (geteuid() == 0 && !options.requires_nothing) {
      fail(EXIT_LAUNCHER,
           "install it where root alone may write (npm install -g as root), or start it as the user who owns it",
           "others than root may change %s, and with it what would run with the key", untrusted);
    }
    arguments[count++] = "--untrusted-files";
  }

  // Before what a command could not run with, and before the descriptors of the starter are closed.
  const char *key_source = options.check || options.answer_only ? NULL : take_key_source(&options);
  if (key_source != NULL) arguments[count++] = key_source;

  struct given_sockets given = {.tcp = -1, .client = -1, .admin = -1};
  if (!options.answer_only && !options.check) take_given_sockets(&given);
  close_inherited_descriptors(LISTEN_FD);
  bool ignores_hangup = normalise_signals();
  refuse_core_dumps();
  umask(077);
  refuse_new_privileges();  // before the filter, which an unprivileged user may load only after it

  if (options.daemon && !options.answer_only) become_daemon(options.log_file);  // what follows is said to the log
  struct socket_file socket_files[SOCKET_FILES] = {{0}};
  if (!options.answer_only) {
    if (options.server_info != NULL && !options.check) {
      claim_server_info(options.server_info);
      arguments[count++] = "--server-info-fd=10";
    }
    count += open_listeners(&options, &given, socket_files, arguments + count);
    if (!options.check) count += reach_service_manager(arguments + count);
  }
  if (options.daemon && !options.answer_only) arguments[count++] = "--ready-fd=9";
  if (ignores_hangup) arguments[count++] = "--ignore-hangup";
  if (names_a_proxy(environ)) arguments[count++] = "--proxy-environment";
#ifndef STATIC_LAUNCHER
  arguments[count++] = "--dynamic-launcher";
#endif
  for (int i = 0; i < options.canonical_count; i++) arguments[count++] = options.canonical[i];

  if (!options.answer_only) {
    // Before the restrictions, which would not let it remove a file; it takes its own.
    int janitor = options.check ? -1 : fork_janitor(options.server_info, socket_files);
    if (janitor >= 0 && dup2(janitor, JANITOR_FD) == JANITOR_FD) {
      if (janitor != JANITOR_FD) close(janitor);
      arguments[count++] = "--janitor-fd=4";
    }
    bool has_new_folder = false;
    if (options.dump_dir != NULL) {
      options.dump_folder = open_dump_folder(options.dump_dir, !options.check, &has_new_folder);
    }
    if (options.dump_folder >= 0) arguments[count++] = "--dump-fd=5";
    if (has_new_folder) arguments[count++] = "--new-dump-dir";
    if (options.audit_log != NULL && open_audit_log(options.audit_log, !options.check)) {
      arguments[count++] = "--audit-fd=8";
    }
    limit_capabilities(has_new_folder);
    restrict_files_and_network(&paths, &options);
  }
  arguments[count] = NULL;

  deny_bind_and_io_uring();  // after the binds that the proxy needs
  char **environment = allowed_environment(environ);
  // root can read any file, so it has nothing unreadable; nor has it neighbours of its own uid.
  if (geteuid() != 0) become_node_unreadably(arguments, environment);
  become_node(arguments, environment);
}
