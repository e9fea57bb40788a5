// What the files of the sandbox helper share. The helper is the launcher under the name
// codex-linux-sandbox: it confines itself as a policy says and becomes the command, or refuses.
#ifndef SANDBOX_H
#define SANDBOX_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

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

// landlock.c
int landlock_abi(void);  // 0 where the kernel has none
void restrict_files(const struct layout *layout, bool has_private_shm);

// filter.c
struct filter_choice {
  bool network_access;
  bool unix_sockets;       // with network access alone: any, or pairs only
  bool guards_truncation;  // on kernels whose Landlock does not
};

bool has_seccomp(void);
void restrict_system_calls(const struct filter_choice *choice);

// privileges.c
void refuse_privileges(bool network_access);

#endif
