// The policy as it comes on the command line, in the wire form of rollouts: {"mode": …} or, as later
// versions write it, {"type": …}. A member that is not known is refused: it could be a restriction.

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sandbox.h"

void add_path(struct path_list *list, const char *path) {
  char **paths = realloc(list->paths, (list->count + 1) * sizeof *paths);
  char *copy = strdup(path);
  if (paths == NULL || copy == NULL) refuse(SANDBOX_REFUSED, NULL, "out of memory");
  list->paths = paths;
  list->paths[list->count++] = copy;
}

bool has_path(const struct path_list *list, const char *path) {
  for (size_t i = 0; i < list->count; i++) {
    if (strcmp(list->paths[i], path) == 0) return true;
  }
  return false;
}

static void read_paths(struct json_reader *reader, struct path_list *list) {
  if (!json_take(reader, '[')) json_problem(reader, "a list of paths expected");
  if (json_take(reader, ']')) return;
  do {
    char *path = json_string(reader);
    if (path == NULL) return;
    if (path[0] == '\0') json_problem(reader, "an empty path");
    add_path(list, path);
    free(path);
  } while (json_take(reader, ','));
  if (!json_take(reader, ']')) json_problem(reader, "a comma or the end of a list expected");
}

static void read_mode(struct json_reader *reader, struct sandbox_policy *policy) {
  static const char *const names[] = {"read-only", "workspace-write", "danger-full-access"};
  char *name = json_string(reader);
  if (name == NULL) return;
  int mode = 0;
  while (mode < 3 && strcmp(name, names[mode]) != 0) mode++;
  if (mode == 3) json_problem(reader, "a mode that is none of read-only, workspace-write, danger-full-access");
  policy->mode = (enum sandbox_mode)mode;
  free(name);
}

enum member { MEMBER_MODE, MEMBER_ROOTS, MEMBER_NETWORK, MEMBER_NO_TMPDIR, MEMBER_NO_TMP, MEMBER_SUBPATHS, MEMBERS };

static enum member which_member(const char *name) {
  static const char *const names[MEMBERS] = {"mode",
                                             "writable_roots",
                                             "network_access",
                                             "exclude_tmpdir_env_var",
                                             "exclude_slash_tmp",
                                             "read_only_subpaths"};
  if (strcmp(name, "type") == 0) return MEMBER_MODE;
  int member = 0;
  while (member < MEMBERS && strcmp(name, names[member]) != 0) member++;
  return (enum member)member;
}

static void read_member(struct json_reader *reader, struct sandbox_policy *policy, bool seen[MEMBERS]) {
  char *name = json_string(reader);
  if (name == NULL) return;
  enum member member = which_member(name);
  free(name);
  if (!json_take(reader, ':')) json_problem(reader, "a colon expected");
  if (member == MEMBERS) {
    json_problem(reader, "a member that is not known");
    return;
  }
  if (seen[member]) json_problem(reader, "a member given twice");
  seen[member] = true;
  switch (member) {
    case MEMBER_MODE: read_mode(reader, policy); break;
    case MEMBER_ROOTS: read_paths(reader, &policy->writable_roots); break;
    case MEMBER_NETWORK: policy->network_access = json_boolean(reader); break;
    case MEMBER_NO_TMPDIR: policy->exclude_tmpdir_variable = json_boolean(reader); break;
    case MEMBER_NO_TMP: policy->exclude_slash_tmp = json_boolean(reader); break;
    case MEMBER_SUBPATHS: read_paths(reader, &policy->read_only_subpaths); break;
    case MEMBERS: break;
  }
}

void read_policy(const char *json, struct sandbox_policy *policy) {
  *policy = (struct sandbox_policy){0};
  struct json_reader reader = {.start = json, .at = json};
  bool seen[MEMBERS] = {false};
  if (!json_take(&reader, '{')) json_problem(&reader, "an object expected");
  if (!json_take(&reader, '}')) {
    do {
      read_member(&reader, policy, seen);
    } while (json_take(&reader, ','));
    if (!json_take(&reader, '}')) json_problem(&reader, "a comma or the end of the object expected");
  }
  json_end(&reader);
  if (!seen[MEMBER_MODE]) json_problem(&reader, "no mode");
  if (policy->mode != MODE_WORKSPACE_WRITE && policy->writable_roots.count > 0) {
    json_problem(&reader, "writable roots in a mode that has none");
  }
  if (reader.problem != NULL) {
    refuse(SANDBOX_USAGE, "an example: --sandbox-policy '{\"mode\":\"read-only\"}'",
           "invalid value for --sandbox-policy: %s at column %zu", reader.problem, (size_t)(reader.at - reader.start) + 1);
  }
}
