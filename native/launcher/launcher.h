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

// And its listening unix sockets: for clients, and for whoever administers it.
enum { SOCKET_FD = 6, ADMIN_FD = 7 };

// And its audit log: a file, to append to, or the journal's socket.
enum { AUDIT_FD = 8 };

// Where a daemon tells its starter that it serves.
enum { READY_FD = 9 };

// The file that is to become server info, locked until it is.
enum { SERVER_INFO_FD = 10 };

// The service manager's socket, connected.
enum { NOTIFY_FD = 11 };

// Where the launcher keeps descriptors of its own, beyond those that it passes.
enum { FIRST_KEPT_FD = 16 };

// A unix socket as the options ask for it.
struct unix_wish {
  const char *option;
  const char *path;   // or @NAME; NULL where there is to be none
  mode_t mode;
  const char *owner;  // NULL to leave it as it is
  const char *group;  // likewise
  bool has_flags;     // whether any of these three was given
};

// The file of a socket that the launcher made. Its descriptor keeps the inode's number from being used
// again, so that the number tells it from whatever has its name later.
struct socket_file {
  int folder;
  int file;
  char name[108];  // empty where there is none
};

enum { SOCKET_FILES = 2 };

// Listening sockets that the service manager has passed: their descriptors, or -1.
enum { GIVEN_NAME = 110 };
struct given_sockets {
  int tcp, client, admin;
  char client_name[GIVEN_NAME], admin_name[GIVEN_NAME];
};

enum program { PROGRAM_PROXY, PROGRAM_SANDBOX, PROGRAM_APPLY_PATCH, PROGRAM_CODEX, PROGRAM_COMMAND, PROGRAM_RUNNER };

enum { MAX_ARGS = 128 };

struct options {
  int port;
  bool has_port;
  struct unix_wish socket, admin_socket;
  bool check;
  const char *server_info;   // NULL where not given
  bool daemon;
  const char *log_file;      // NULL where not given
  const char *client_tokens; // NULL where not given
  const char *upstream_ca;   // NULL where not given
  const char *dump_dir;      // NULL where not given
  const char *audit_log;     // likewise
  int dump_folder;           // its descriptor once opened, -1 where there is none
  const char *upstream_url;  // as given, unchecked
  int key_fd;                  // -1 where not given
  const char *key_credential;  // NULL where not given
  const char *key_command;     // NULL where not given
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
  char apply_patch_entry[PATH_MAX];
  char launcher[PATH_MAX];  // this very executable
};

// ../sandbox/sandbox.c
int run_linux_sandbox(int argc, char **argv);

// ../command/run.c
int run_command(int argc, char **argv);

// fail.c
void fail(enum exit_code code, const char *hint, const char *format, ...)
    __attribute__((noreturn, format(printf, 3, 4)));

// dispatch.c
struct command {
  const char *name;
  bool reads_key;  // from stdin: then it runs as hardened as the proxy starts
  bool runs_another;  // which gets no descriptor of the caller's but stdio
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

// codex-environment.c
char **codex_environment(char **environment, const char *launcher);
void forget_codex_variables(char **environment);

// descriptors.c
void open_missing_stdio(void);
// Moves it out of the way of those that are passed on, closed by the exec; returns its new number.
int keep_descriptor(int fd);
void place_descriptor(int fd, int at);
void close_inherited_descriptors(int first);  // all but those that are kept

// own-path.c
bool make_absolute_path(char absolute[PATH_MAX], const char *path);
const char *find_foreign_folder(const char *folder, bool refuses_groups, char where[PATH_MAX]);
const char *make_own_folders(const char *folder, bool refuses_groups, char where[PATH_MAX]);
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

// accounts.c
bool find_user(const char *name, uid_t *uid);
bool find_group(const char *name, gid_t *gid);

// unix-socket.c
void listen_on_unix(struct unix_wish *wish, int at, struct socket_file files[SOCKET_FILES]);
void remove_socket_file(struct socket_file *made);

// activation.c
void take_given_sockets(struct given_sockets *given);

// service-manager.c
bool connect_to_service_manager(void);
long long watchdog_interval_usec(void);  // 0 where no signs of life are wanted of this process

// listeners.c: both return how many arguments they have added
int open_listeners(struct options *options, const struct given_sockets *given,
                   struct socket_file files[SOCKET_FILES], const char *arguments[]);
int reach_service_manager(const char *arguments[]);

// key-source.c
const char *take_key_source(const struct options *options);

// listen.c
void listen_on_loopback(int port);

// capabilities.c
void limit_capabilities(bool gives_folder_away);

// trusted-files.c
const char *find_untrusted_file(const struct package_paths *paths);

// landlock.c
int restrict_files_and_network(const struct package_paths *paths, const struct options *options);
void confine_janitor(int server_info_folder, const struct socket_file files[SOCKET_FILES]);

// janitor.c
int fork_janitor(const char *server_info, struct socket_file files[SOCKET_FILES]);

// dump-folder.c
int open_dump_folder(const char *path, bool may_make, bool *is_new);

// audit-log.c
bool open_audit_log(const char *where, bool may_make);

// unreadable.c
void become_node_unreadably(const char *const arguments[], char **environment);

// lock.c
void refuse_core_dumps(void);
void refuse_new_privileges(void);
void deny_bind_and_io_uring(void);

#endif
