// The same mounts by bubblewrap(1), where the system lets nobody else make them: set-uid root, or named in
// an AppArmor profile. It then starts this program once more, which adds Landlock and the filter.
//
// Only a program of root's, in folders of root's, and without the environment: it runs unconfined.

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sandbox.h"

extern char **environ;

static bool only_root_may_change(const char *path) {
  char part[PATH_MAX];
  snprintf(part, sizeof part, "%s", path);
  for (;;) {
    struct stat status;
    if (lstat(part, &status) != 0 || status.st_uid != 0 || (status.st_mode & 022) != 0) return false;
    if (strcmp(part, "/") == 0) return true;
    char *slash = strrchr(part, '/');
    if (slash == part) slash++;
    *slash = '\0';
  }
}

const char *find_bubblewrap(const struct layout *layout) {
  static const char *const places[] = {"/usr/bin/bwrap", "/bin/bwrap", "/usr/local/bin/bwrap",
                                       "/run/current-system/sw/bin/bwrap"};
  static char resolved[PATH_MAX];
  for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
    if (realpath(places[i], resolved) == NULL || access(resolved, X_OK) != 0 || !only_root_may_change(resolved)) continue;
    bool is_in_a_root = false;
    for (size_t root = 0; root < layout->roots.count; root++) {
      if (lies_within(resolved, layout->roots.paths[root])) is_in_a_root = true;
    }
    if (!is_in_a_root) return resolved;
  }
  return NULL;
}

static char *no_environment[] = {NULL};

bool bubblewrap_works(const char *program) {
  pid_t child = fork();
  if (child == 0) {
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    for (int fd = 0; fd <= 2; fd++) dup2(null, fd);
    char *arguments[] = {(char *)program, "--ro-bind", "/", "/", "--dev-bind", "/dev", "/dev", "--unshare-pid",
                         "--unshare-ipc", "--proc", "/proc", "--tmpfs", "/dev/shm", "--", "/proc/self/exe", "--version", NULL};
    execve(program, arguments, no_environment);
    _exit(1);
  }
  int status;
  return child > 0 && waitpid(child, &status, 0) == child && status == 0;
}

static char **words;
static size_t word_count;

static void add_word(const char *word) {
  words = realloc(words, (word_count + 2) * sizeof *words);
  char *copy = strdup(word);
  if (words == NULL || copy == NULL) refuse(SANDBOX_REFUSED, NULL, "out of memory");
  words[word_count++] = copy;
  words[word_count] = NULL;
}

static void add_words(const char *first, const char *second, const char *third) {
  if (first != NULL) add_word(first);
  if (second != NULL) add_word(second);
  if (third != NULL) add_word(third);
}

// In memory and handed on by number: the arguments of a process are everybody's to read.
static int keep_environment(void) {
  int fd = memfd_create("environment", 0);
  if (fd < 0) refuse(SANDBOX_REFUSED, NULL, "cannot keep the environment: %s", strerror(errno));
  for (char **entry = environ; *entry != NULL; entry++) {
    size_t size = strlen(*entry) + 1;
    if (write(fd, *entry, size) != (ssize_t)size) refuse(SANDBOX_REFUSED, NULL, "cannot keep the environment");
  }
  return fd;
}

void take_environment(int fd) {
  struct stat status;
  if (fstat(fd, &status) != 0 || lseek(fd, 0, SEEK_SET) != 0) refuse(SANDBOX_USAGE, NULL, "no environment to take");
  char *text = malloc((size_t)status.st_size + 1);
  if (text == NULL || read(fd, text, (size_t)status.st_size) != status.st_size) {
    refuse(SANDBOX_REFUSED, NULL, "cannot take the environment");
  }
  text[status.st_size] = '\0';
  clearenv();
  for (char *entry = text; entry < text + status.st_size; entry += strlen(entry) + 1) putenv(entry);
  close(fd);
}

void run_in_bubblewrap(const char *program, struct confinement *confinement) {
  struct layout *layout = &confinement->layout;
  int alive[2];
  if (pipe2(alive, O_CLOEXEC) != 0) refuse(SANDBOX_REFUSED, NULL, "cannot make a pipe: %s", strerror(errno));
  char self[PATH_MAX], folder[PATH_MAX], number[16];
  ssize_t length = readlink("/proc/self/exe", self, sizeof self - 1);
  if (length <= 0) refuse(SANDBOX_REFUSED, "mount /proc", "cannot find its own program");
  self[length] = '\0';

  block_signals();
  struct remover remover = make_placeholders(&layout->protected, alive[0], alive[1]);
  close(alive[0]);
  int supervision[2];  // [0] here, [1] inside
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, supervision) != 0) {
    refuse(SANDBOX_REFUSED, NULL, "cannot make a pair of sockets: %s", strerror(errno));
  }
  struct terminals terminals;
  find_terminals(&terminals);

  add_words(program, "--die-with-parent", NULL);
  add_words(has_path(&layout->roots, "/") ? "--bind" : "--ro-bind", "/", "/");
  // With one of the caller's in use, its name must stay what it is; then there are no new ones.
  if (terminals.count == 0) add_words("--dev", "/dev", NULL);
  else add_words("--dev-bind", "/dev", "/dev");
  add_words("--unshare-pid", "--unshare-ipc", NULL);
  add_words("--proc", "/proc", NULL);
  add_words("--tmpfs", "/dev/shm", NULL);
  add_words("--ro-bind", self, "/dev/shm/codex-linux-sandbox");
  struct attachments attachments;
  plan_attachments(layout, &attachments);
  for (size_t i = 0; i < attachments.count; i++) {
    const char *path = attachments.list[i].path;
    add_words(attachments.list[i].kind == ATTACHED_READ_ONLY ? "--ro-bind-try" : "--bind", path, path);
  }
  if (getcwd(folder, sizeof folder) != NULL) add_words("--chdir", folder, NULL);
  snprintf(number, sizeof number, "%d", alive[1]);
  add_words("--sync-fd", number, NULL);
  add_words("--", "/dev/shm/codex-linux-sandbox", NULL);
  snprintf(number, sizeof number, "%d", keep_environment());
  add_words("--environment-fd", number, NULL);
  snprintf(number, sizeof number, "%d", supervision[1]);
  add_words("--supervision-fd", number, NULL);
  add_words("--mounts", terminals.count == 0 ? "given-with-terminals" : "given", NULL);
  add_words("--sandbox-policy-cwd", confinement->policy_cwd, NULL);
  add_words("--sandbox-policy", confinement->policy_text, NULL);
  add_word("--");
  for (char **word = confinement->command; *word != NULL; word++) add_word(*word);

  pid_t child = fork();
  if (child < 0) refuse(SANDBOX_REFUSED, NULL, "cannot fork: %s", strerror(errno));
  if (child == 0) {
    fcntl(alive[1], F_SETFD, 0);
    fcntl(supervision[1], F_SETFD, 0);
    restore_signals();
    execve(program, words, no_environment);
    refuse(SANDBOX_REFUSED, NULL, "cannot start %s: %s", program, strerror(errno));
  }
  close(alive[1]);
  close(supervision[1]);
  struct ending ending = wait_for_end(child, supervision[0], supervision[0]);
  wait_for_removal(&remover, &layout->protected);
  end_as(ending.status);
}
