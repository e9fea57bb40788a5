// What the files of the sandbox helper share. The helper is the launcher under the name
// codex-linux-sandbox: it confines itself as a policy says and becomes the command, or refuses.
#ifndef SANDBOX_H
#define SANDBOX_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum sandbox_exit { SANDBOX_REFUSED = 1, SANDBOX_USAGE = 2, SANDBOX_NOT_STARTED = 101 };

// refuse.c
void refuse(enum sandbox_exit code, const char *hint, const char *format, ...)
    __attribute__((noreturn, format(printf, 3, 4)));

// policy.c
enum sandbox_mode { MODE_READ_ONLY, MODE_WORKSPACE_WRITE, MODE_FULL_ACCESS };

struct path_list {
  char **paths;
  size_t count;
};

struct sandbox_policy {
  enum sandbox_mode mode;
  struct path_list writable_roots;
  struct path_list read_only_subpaths;
  bool network_access;
  bool exclude_tmpdir_variable;
  bool exclude_slash_tmp;
};

void add_path(struct path_list *list, const char *path);
bool has_path(const struct path_list *list, const char *path);
void read_policy(const char *json, struct sandbox_policy *policy);

// json.c
struct json_reader {
  const char *start, *at;
  const char *problem;  // NULL as long as all is well
};

bool json_take(struct json_reader *reader, char character);
bool json_peek(struct json_reader *reader, char character);
char *json_string(struct json_reader *reader);  // to be freed; NULL after a problem
bool json_boolean(struct json_reader *reader);
void json_end(struct json_reader *reader);
void json_problem(struct json_reader *reader, const char *problem);

// roots.c: where the command may write, and what it may not touch there
struct layout {
  struct path_list roots;      // resolved, existing, shortest first
  struct path_list protected;  // existing or not, below a root
};

void plan_layout(const struct sandbox_policy *policy, const char *policy_cwd, struct layout *layout);
bool lies_within(const char *path, const char *folder);
int open_without_links(const char *path);  // O_PATH

// terminals.c: which the caller uses, so that no other's is read or written
struct terminals {
  unsigned numbers[4];
  size_t count;
};

void find_terminals(struct terminals *terminals);
void terminal_path(char path[32], unsigned number);
bool make_terminals(const struct terminals *terminals);

// landlock.c
int landlock_abi(void);  // 0 where the kernel has none
struct file_choice {
  const struct layout *layout;
  bool has_private_shm;
  bool has_own_terminals;  // all of /dev/pts is the sandbox's own
};

void restrict_files(const struct file_choice *choice);

// filter.c
struct filter_choice {
  bool network_access;
  bool unix_sockets;       // with network access alone: any, or pairs only
  bool guards_truncation;  // on kernels whose Landlock does not
  bool is_among_others;    // in the process namespace of the caller
};

bool has_seccomp(void);
void restrict_system_calls(const struct filter_choice *choice);

// privileges.c
void refuse_privileges(bool network_access);
bool may_administer(void);  // root as it is on a machine, not in most containers

// sandbox.c
enum mounts_by { MOUNTS_AUTO, MOUNTS_OWN, MOUNTS_BUBBLEWRAP, MOUNTS_NONE, MOUNTS_GIVEN, MOUNTS_GIVEN_WITH_TERMINALS };

// What the command has around it when it confines itself.
struct surroundings {
  bool has_mounts, has_private_shm, has_own_terminals, has_own_pids;
};

struct confinement {
  const struct sandbox_policy *policy;
  const char *policy_cwd, *policy_text;
  struct layout layout;
  char **command;
};

void confine_and_become(const struct confinement *confinement, const struct surroundings *surroundings)
    __attribute__((noreturn));

// placeholders.c: keep a name from being made in a folder, and leave nothing behind
struct remover {
  int said;  // -1 where there is nothing to remove
};

struct remover make_placeholders(const struct path_list *protected, int ended, int not_its_own);
void wait_for_removal(struct remover *remover, const struct path_list *protected);

// attachments.c: which paths become mount points, a folder before what lies in it
enum attachment_kind { ATTACHED_FOLDER, ATTACHED_ROOT, ATTACHED_READ_ONLY };
struct attachment {
  const char *path;
  enum attachment_kind kind;
  int tree;
};
struct attachments {
  struct attachment *list;
  size_t count;
};

void plan_attachments(const struct layout *layout, struct attachments *attachments);

// mounts.c
struct mount_result {
  const char *failed_step;  // NULL when all is mounted
  int error;
  bool has_private_shm, has_own_terminals;
};

int clone_at(const char *path);
bool attach_at(int tree, const char *path);
struct mount_result make_mounts(const struct layout *layout, bool has_own_pids, bool hides_sockets);

// namespaces.c
bool can_make_namespaces(bool *own_pids);
void run_in_namespaces(struct confinement *confinement);  // returns where there are none to be had

// supervise.c
enum { FORWARDED = 0x5B0C };  // marks a signal that the supervisor passes on
void block_signals(void);
void restore_signals(void);
void end_as(int status) __attribute__((noreturn));
struct ending {
  int status;
  bool leaves_processes;
};
struct ending wait_for_end(pid_t child, int messages, int wishes);
void wait_inside(pid_t command, int outside) __attribute__((noreturn));

// bubblewrap.c
const char *find_bubblewrap(const struct layout *layout);
bool bubblewrap_works(const char *program);
void run_in_bubblewrap(const char *program, struct confinement *confinement) __attribute__((noreturn));
void take_environment(int fd);

// report.c
void print_report(void);

#endif
