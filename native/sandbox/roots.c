// Where a workspace-write policy lets the command write, and what stays read-only inside: `.git` with the
// folders that it points to, `.codex` and `.agents`, whose content would later run outside the sandbox.

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sandbox.h"

bool lies_within(const char *path, const char *folder) {
  size_t length = strlen(folder);
  if (strcmp(folder, "/") == 0) return true;
  return strncmp(path, folder, length) == 0 && (path[length] == '/' || path[length] == '\0');
}

static bool is_in_a_root(const char *path, const struct layout *layout) {
  for (size_t i = 0; i < layout->roots.count; i++) {
    if (lies_within(path, layout->roots.paths[i])) return true;
  }
  return false;
}

// Absolute, with its links; false where it is too long.
static bool join(char joined[PATH_MAX], const char *path, const char *base) {
  int written = path[0] == '/' ? snprintf(joined, PATH_MAX, "%s", path) : snprintf(joined, PATH_MAX, "%s/%s", base, path);
  return written >= 0 && written < PATH_MAX;
}

// What does not exist is no root: the policy allows writing there, not making it.
static void add_root(struct layout *layout, const char *path) {
  char resolved[PATH_MAX];
  if (realpath(path, resolved) != NULL && !has_path(&layout->roots, resolved)) add_path(&layout->roots, resolved);
}

enum { MOST_LINKS = 40 };  // as the kernel has it

// Whether a link on the way lies in a root: a command of an earlier sandbox may have put it there, or whoever
// made the repository.
static bool passes_link_in_root(const char *path, const struct layout *layout) {
  char done[PATH_MAX] = "/", rest[PATH_MAX], next[2 * PATH_MAX], target[PATH_MAX], candidate[PATH_MAX];
  snprintf(rest, sizeof rest, "%s", path);
  for (int links = 0;;) {
    size_t skipped = strspn(rest, "/"), length = strcspn(rest + skipped, "/");
    if (length == 0) return false;
    if (snprintf(candidate, sizeof candidate, "%s%s%.*s", done, strcmp(done, "/") == 0 ? "" : "/", (int)length,
                 rest + skipped) >= PATH_MAX) {
      return true;
    }
    memmove(rest, rest + skipped + length, strlen(rest + skipped + length) + 1);
    struct stat status;
    if (lstat(candidate, &status) != 0) return true;
    if (!S_ISLNK(status.st_mode)) {
      if (realpath(candidate, done) == NULL) return true;  // for `.` and `..`
      continue;
    }
    ssize_t size = readlink(candidate, target, sizeof target - 1);
    if (is_in_a_root(done, layout) || size <= 0 || ++links > MOST_LINKS) return true;
    target[size] = '\0';
    if (snprintf(next, sizeof next, "%s/%s", target, rest) >= PATH_MAX) return true;
    snprintf(rest, sizeof rest, "%.*s", PATH_MAX - 1, next);
    if (target[0] == '/') snprintf(done, sizeof done, "/");
  }
}

// A temporary folder is not one where the user lives.
static bool is_temporary(const char *path) {
  const char *home = getenv("HOME");
  char folder[PATH_MAX], resolved_home[PATH_MAX];
  if (realpath(path, folder) == NULL || strcmp(folder, "/") == 0) return false;
  return home == NULL || realpath(home, resolved_home) == NULL || !lies_within(resolved_home, folder);
}

// The path as it is now, if no link was put on the way in the meantime; the last name may be one.
int open_without_links(const char *path) {
  int folder = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
  while (folder >= 0) {
    path += strspn(path, "/");
    size_t length = strcspn(path, "/");
    if (length == 0) return folder;
    char name[NAME_MAX + 1];
    int next = -1;
    if (length <= NAME_MAX) {
      snprintf(name, sizeof name, "%.*s", (int)length, path);
      next = openat(folder, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
    }
    int problem = length <= NAME_MAX ? errno : ENAMETOOLONG;
    close(folder);
    errno = problem;
    folder = next;
    path += length;
  }
  return -1;
}

static void protect(struct layout *layout, const char *path) {
  if (!has_path(&layout->protected, path)) add_path(&layout->protected, path);
}

// The path without links, as far as it exists, and behind that the one name that would have to be made first, or
// the file in the way; false where it leads nowhere.
static bool leads_to(const char *path, char place[PATH_MAX]) {
  char waiting[PATH_MAX], folder[PATH_MAX], candidate[2 * PATH_MAX], target[PATH_MAX], next[3 * PATH_MAX];
  if (snprintf(waiting, sizeof waiting, "%s", path) >= PATH_MAX) return false;
  for (int links = 0; links <= MOST_LINKS; links++) {
    if (realpath(waiting, place) != NULL) return true;
    // The first name that fails: it is missing, or a link to what is missing.
    char *name = waiting + strspn(waiting, "/"), *end = name;
    snprintf(folder, sizeof folder, "/");
    for (;; name = end + strspn(end, "/")) {
      end = name + strcspn(name, "/");
      if (end == name) return false;
      int length = snprintf(candidate, sizeof candidate, "%s/%.*s", strcmp(folder, "/") == 0 ? "" : folder, (int)(end - name), name);
      if (length >= PATH_MAX) return false;
      if (realpath(candidate, target) == NULL) break;
      memcpy(folder, target, sizeof folder);
    }
    bool may_come = errno == ENOENT || errno == ENOTDIR;
    ssize_t size = may_come ? readlink(candidate, target, sizeof target - 1) : 0;
    if (size < 0 && errno == ENOENT) return snprintf(place, PATH_MAX, "%s", candidate) < PATH_MAX;
    // What is no folder could be replaced by one.
    if (size < 0 && errno == ENOTDIR) return snprintf(place, PATH_MAX, "%s", folder) < PATH_MAX;
    if (size <= 0) return false;
    target[size] = '\0';
    if (snprintf(next, sizeof next, "%s/%s%s", target[0] == '/' ? "" : folder, target, end) >= PATH_MAX) return false;
    snprintf(waiting, sizeof waiting, "%.*s", PATH_MAX - 1, next);
  }
  return false;
}

// A path written in a small file, after `prefix`; relative ones are meant from the file's folder.
static bool read_pointer(const char *file, const char *prefix, char resolved[PATH_MAX]) {
  char text[PATH_MAX], joined[2 * PATH_MAX];
  int fd = open(file, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) return false;
  ssize_t length = read(fd, text, sizeof text - 1);
  close(fd);
  if (length <= 0) return false;
  text[length] = '\0';
  text[strcspn(text, "\r\n")] = '\0';
  if (strncmp(text, prefix, strlen(prefix)) != 0) return false;
  const char *target = text + strlen(prefix);
  target += strspn(target, " ");
  const char *slash = strrchr(file, '/');
  if (target[0] == '/') {
    snprintf(joined, sizeof joined, "%s", target);
  } else {
    snprintf(joined, sizeof joined, "%.*s/%s", (int)(slash - file), file, target);
  }
  return leads_to(joined, resolved);
}

static bool exists(const char *path) {
  struct stat status;
  return lstat(path, &status) == 0;
}

// Where a protected name leads to. What is not there yet would be what it means as soon as a command has made it.
static void protect_place(struct layout *layout, const char *path, bool prevents_creation) {
  if (is_in_a_root(path, layout) && (prevents_creation || exists(path))) protect(layout, path);
}

// The folder of a worktree or submodule lies elsewhere, and the one that worktrees share elsewhere again.
static void protect_git_folder(struct layout *layout, const char *git_folder, bool prevents_creation) {
  char common_file[PATH_MAX + 16], common[PATH_MAX];
  protect_place(layout, git_folder, prevents_creation);
  snprintf(common_file, sizeof common_file, "%s/commondir", git_folder);
  if (read_pointer(common_file, "", common)) protect_place(layout, common, prevents_creation);
}

static void protect_names(struct layout *layout, const char *root, bool prevents_creation) {
  static const char *const names[] = {".git", ".codex", ".agents"};
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    char path[PATH_MAX + 16], target[PATH_MAX];
    snprintf(path, sizeof path, "%s/%s", strcmp(root, "/") == 0 ? "" : root, names[i]);
    struct stat status;
    bool is_there = lstat(path, &status) == 0;
    if (!is_there && !prevents_creation) continue;
    protect(layout, path);
    if (!is_there) continue;
    if (S_ISLNK(status.st_mode) && leads_to(path, target)) protect_place(layout, target, prevents_creation);
    if (strcmp(names[i], ".git") != 0 || stat(path, &status) != 0) continue;
    if (S_ISDIR(status.st_mode) && realpath(path, target) != NULL) protect_git_folder(layout, target, prevents_creation);
    if (S_ISREG(status.st_mode) && read_pointer(path, "gitdir:", target)) protect_git_folder(layout, target, prevents_creation);
  }
}

static int by_length(const void *a, const void *b) {
  size_t left = strlen(*(char *const *)a), right = strlen(*(char *const *)b);
  return left < right ? -1 : left > right ? 1 : strcmp(*(char *const *)a, *(char *const *)b);
}

// A restriction that could not be kept is refused rather than left out.
static void require_nameable(const char *path) {
  const char *slash = strrchr(path, '/');
  bool has_name = slash != NULL && slash[1] != '\0' && strcmp(slash, "/.") != 0 && strcmp(slash, "/..") != 0;
  if (path[0] == '/' && has_name && strlen(path) < PATH_MAX) return;
  refuse(SANDBOX_USAGE, NULL, "a read-only subpath must be absolute, no longer than a path can be and end in a name: %s", path);
}

static void sort(struct path_list *list) {
  if (list->count > 0) qsort(list->paths, list->count, sizeof *list->paths, by_length);
}

void plan_layout(const struct sandbox_policy *policy, const char *policy_cwd, struct layout *layout) {
  *layout = (struct layout){0};
  if (policy->mode != MODE_WORKSPACE_WRITE) return;
  struct path_list wanted = {0};
  char path[PATH_MAX];
  if (join(path, policy_cwd, ".")) add_path(&wanted, path);
  for (size_t i = 0; i < policy->writable_roots.count; i++) {
    if (join(path, policy->writable_roots.paths[i], policy_cwd)) add_path(&wanted, path);
  }
  size_t named = wanted.count;
  if (!policy->exclude_slash_tmp) add_path(&wanted, "/tmp");
  const char *temporary = getenv("TMPDIR");
  if (!policy->exclude_tmpdir_variable && temporary != NULL && temporary[0] != '\0' &&
      join(path, temporary, policy_cwd) && is_temporary(path)) {
    add_path(&wanted, path);
  }
  struct layout followed = {0};
  for (size_t i = 0; i < wanted.count; i++) add_root(&followed, wanted.paths[i]);
  size_t workspaces = 0;
  for (size_t i = 0; i < wanted.count; i++) {
    if (!passes_link_in_root(wanted.paths[i], &followed)) add_root(layout, wanted.paths[i]);
    if (i < named) workspaces = layout->roots.count;
  }

  // In folders for everybody's temporary files nothing is made, only kept.
  for (size_t i = 0; i < layout->roots.count; i++) protect_names(layout, layout->roots.paths[i], i < workspaces);
  for (size_t i = 0; i < policy->read_only_subpaths.count; i++) {
    const char *subpath = policy->read_only_subpaths.paths[i];
    require_nameable(subpath);
    // Resolved but for its last name, which may not exist yet.
    char folder[PATH_MAX], resolved[PATH_MAX], whole[PATH_MAX + NAME_MAX + 2];
    snprintf(folder, sizeof folder, "%s", subpath);
    char *slash = strrchr(folder, '/');
    *slash = '\0';
    if (realpath(slash == folder ? "/" : folder, resolved) == NULL) continue;
    snprintf(whole, sizeof whole, "%s/%s", strcmp(resolved, "/") == 0 ? "" : resolved, slash + 1);
    if (is_in_a_root(whole, layout)) protect(layout, whole);
  }
  sort(&layout->roots);
  sort(&layout->protected);
}
