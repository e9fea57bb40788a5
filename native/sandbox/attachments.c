// Which paths become mount points of the sandbox's own: the writable roots, what is protected in them, and
// the folders between, or one of them could be moved away and made anew. A path that is a mount point can be
// neither renamed nor removed, links included.

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "sandbox.h"

// The widest root that holds the path; SIZE_MAX when none does.
static size_t outermost_root(const struct layout *layout, const char *path) {
  for (size_t i = 0; i < layout->roots.count; i++) {
    if (lies_within(path, layout->roots.paths[i])) return i;
  }
  return SIZE_MAX;
}

static bool lies_in_protected(const struct layout *layout, const char *path) {
  for (size_t i = 0; i < layout->protected.count; i++) {
    if (lies_within(path, layout->protected.paths[i])) return true;
  }
  return false;
}

// A root inside another is writable with it; as a mount of its own it would only hinder links and renames.
static bool needs_own_mount(const struct layout *layout, size_t i) {
  const char *root = layout->roots.paths[i];
  return strcmp(root, "/") != 0 && (outermost_root(layout, root) == i || lies_in_protected(layout, root));
}

// A path that is more than one of them is the first of: a root, read-only, a folder.
static void plan(struct attachments *attachments, const char *path, enum attachment_kind kind) {
  for (size_t i = 0; i < attachments->count; i++) {
    struct attachment *known = &attachments->list[i];
    if (strcmp(known->path, path) != 0) continue;
    if (known->kind == ATTACHED_FOLDER) known->kind = kind;
    return;
  }
  attachments->list = realloc(attachments->list, (attachments->count + 1) * sizeof *attachments->list);
  char *copy = strdup(path);
  if (attachments->list == NULL || copy == NULL) refuse(SANDBOX_REFUSED, NULL, "out of memory");
  attachments->list[attachments->count++] = (struct attachment){.path = copy, .kind = kind, .tree = -1};
}

static void plan_folders_above(const struct layout *layout, const char *path, struct attachments *attachments) {
  size_t outermost = outermost_root(layout, path);
  if (outermost == SIZE_MAX) return;
  char folder[PATH_MAX + NAME_MAX + 2];
  snprintf(folder, sizeof folder, "%s", path);
  for (char *slash; (slash = strrchr(folder, '/')) != NULL && slash != folder;) {
    *slash = '\0';
    if (strcmp(folder, layout->roots.paths[outermost]) == 0) return;
    if (!lies_in_protected(layout, folder)) plan(attachments, folder, ATTACHED_FOLDER);
  }
}

static int by_length(const void *a, const void *b) {
  size_t left = strlen(((const struct attachment *)a)->path), right = strlen(((const struct attachment *)b)->path);
  return left < right ? -1 : left > right;
}

void plan_attachments(const struct layout *layout, struct attachments *attachments) {
  *attachments = (struct attachments){0};
  for (size_t i = 0; i < layout->roots.count; i++) {
    if (needs_own_mount(layout, i)) plan(attachments, layout->roots.paths[i], ATTACHED_ROOT);
  }
  for (size_t i = 0; i < layout->protected.count; i++) {
    const char *path = layout->protected.paths[i];
    struct stat status;
    if (lstat(path, &status) != 0) continue;  // not even its owner can make it
    plan(attachments, path, ATTACHED_READ_ONLY);
    plan_folders_above(layout, path, attachments);
  }
  if (attachments->count > 0) qsort(attachments->list, attachments->count, sizeof *attachments->list, by_length);
}
