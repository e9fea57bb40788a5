// Shared declarations of the launcher: the small native program that prepares a process in which
// Node may hold a key, and then becomes that Node.
#ifndef LAUNCHER_H
#define LAUNCHER_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

enum exit_code {
  EXIT_RUNTIME = 1,
  EXIT_USAGE = 2,
  EXIT_DUMPABLE = 5,
  EXIT_CORE_LIMIT = 7,
  EXIT_LAUNCHER = 10,
};

// The descriptor at which the proxy finds its listening socket: the first after stdio.
enum { LISTEN_FD = 3 };

// And the one by which it talks to the janitor, where there is one.
enum { JANITOR_FD = 4 };

// And the folder that it makes dumps in, where they are wanted.
enum { DUMP_FD = 5 };

// Where a daemon tells its starter that it serves.
enum { READY_FD = 9 };

// The file that is to become server info, locked until it is.
enum { SERVER_INFO_FD = 10 };

enum program { PROGRAM_PROXY, PROGRAM_CODEX, PROGRAM_COMMAND };

enum { MAX_ARGS = 128 };

struct options {
  int port;
  bool check;
  const char *server_info;   // NULL where not given
  bool daemon;
  const char *log_file;      // NULL where not given
  const char *upstream_ca;   // NULL where not given
  const char *dump_dir;      // NULL where not given
  int dump_folder;           // its descriptor once opened, -1 where there is none
  const char *upstream_url;  // as given, unchecked
  const char *oidc_url;      // likewise; NULL where not given
  const char *upstream_proxy;        // likewise; NULL where not given
  const char *upstream_client_cert;  // NULL where not given
  const char *upstream_client_key;   // NULL where not given
  bool requires_nothing;     // --require-hardening=none
  bool answer_only;  // --help or --version: print and leave, prepare nothing
  const char *canonical[MAX_ARGS];  // "--name=value" or "--name", each option once and checked
  int canonical_count;
};

struct package_paths {
  char root[PATH_MAX];
  char addon[PATH_MAX];
  char proxy_entry[PATH_MAX];
  char commands_entry[PATH_MAX];
  char cli_entry[PATH_MAX];
};

// fail.c
void fail(enum exit_code code, const char *hint, const char *format, ...)
    __attribute__((noreturn, format(printf, 3, 4)));

// dispatch.c
struct command {
  const char *name;
  bool reads_key;  // from stdin: then it runs as hardened as the proxy starts
};
enum program choose_program(int argc, char **argv, int *first_argument);
const struct command *find_command(const char *name);
void list_commands(char *text, size_t size);

// options.c
void parse_options(int argc, char **argv, int first_argument, struct options *options);

// paths.c
void find_package(struct package_paths *paths);

// environment.c
char **allowed_environment(char **environment);
bool names_a_proxy(char **environment);

// descriptors.c
void open_missing_stdio(void);
void close_inherited_descriptors(int first);

// own-path.c
bool make_absolute_path(char absolute[PATH_MAX], const char *path);
const char *find_foreign_folder(const char *folder, char where[PATH_MAX]);
bool make_missing_folders(const char *folder);
int open_own_file(const char *path, int flags, const char **reason);

// process-identity.c
enum liveness { DEAD, ALIVE, UNKNOWN };
struct process_identity {
  pid_t pid;
  unsigned long long start_ticks;  // 0 where it is not known
  char boot_id[64];                // empty where it is not known
  char pid_namespace[64];          // likewise
};
unsigned long long start_ticks_of(pid_t pid, char *state);
enum liveness liveness_of(const struct process_identity *identity);

// server-info.c
void claim_server_info(const char *given);

// daemon.c
void become_daemon(const char *log_file);

// listen.c
void listen_on_loopback(int port);

// capabilities.c
void limit_capabilities(bool gives_folder_away);

// trusted-files.c
const char *find_untrusted_file(const struct package_paths *paths);

// landlock.c
int restrict_files_and_network(const struct package_paths *paths, const struct options *options);
void confine_janitor(int folder);

// janitor.c
int fork_janitor(const char *server_info);

// dump-folder.c
int open_dump_folder(const char *path, bool may_make, bool *is_new);

// unreadable.c
void become_node_unreadably(const char *const arguments[], char **environment);

// lock.c
void refuse_core_dumps(void);
void refuse_new_privileges(void);
void deny_bind_and_io_uring(void);

#endif
