// Everything that came out of a command. Orphans below become children of the runner, so that a process which
// lost its parents and made a session of its own is still found: nothing leaves but by the runner's own end.

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "command.h"

// A second altogether, of which most may be spent on tidying up.
enum { ROUNDS = 500, ROUNDS_OF_TIDYING = 400, ROUND_NS = 2000000 };

#ifdef __linux__
#include <sys/prctl.h>

void adopt_orphans(void) { prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0); }

struct row {
  pid_t pid, parent, session;
  char name[17];
  bool is_dead;
};

static bool read_row(const char *pid, struct row *row) {
  char path[64], text[1024];
  snprintf(path, sizeof path, "/proc/%s/stat", pid);
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return false;
  ssize_t length = read(fd, text, sizeof text - 1);
  close(fd);
  if (length <= 0) return false;
  text[length] = '\0';
  // The name may hold anything, parentheses too.
  char *open_bracket = strchr(text, '('), *close_bracket = strrchr(text, ')');
  char state;
  int parent, group, session;
  if (open_bracket == NULL || close_bracket == NULL) return false;
  if (sscanf(close_bracket + 1, " %c %d %d %d", &state, &parent, &group, &session) != 4) return false;
  *close_bracket = '\0';
  *row = (struct row){.pid = atoi(pid), .parent = parent, .session = session, .is_dead = state == 'Z' || state == 'X'};
  snprintf(row->name, sizeof row->name, "%s", open_bracket + 1);
  return true;
}

static struct row *read_rows(size_t *count) {
  struct row *rows = NULL;
  size_t space = 0;
  *count = 0;
  DIR *processes = opendir("/proc");
  if (processes == NULL) return NULL;
  for (struct dirent *entry; (entry = readdir(processes)) != NULL;) {
    if (entry->d_name[0] < '1' || entry->d_name[0] > '9') continue;
    if (*count == space) {
      struct row *more = realloc(rows, (space = space * 2 + 256) * sizeof *rows);
      if (more == NULL) break;
      rows = more;
    }
    if (read_row(entry->d_name, &rows[*count])) ++*count;
  }
  closedir(processes);
  return rows;
}

// Ours by its file, or by that file being nobody's to look at.
static bool may_be_this_program(pid_t pid) {
  char path[64];
  struct stat own, its;
  snprintf(path, sizeof path, "/proc/%d/exe", pid);
  if (stat(path, &its) != 0) return errno == EACCES;
  return stat("/proc/self/exe", &own) == 0 && own.st_dev == its.st_dev && own.st_ino == its.st_ino;
}

// The sandbox's last process takes away what the sandbox has put into the workspace, and then ends by itself.
// Anybody may look like it who hides his file, so it is given time, but not for ever.
static bool tidies_up(const struct row *row, const struct row *rows, size_t count) {
  if (strcmp(row->name, "codex-remover") != 0 || row->session != row->pid) return false;
  for (size_t i = 0; i < count; i++) {
    if (rows[i].parent == row->pid) return false;
  }
  return may_be_this_program(row->pid);
}

// How many there still are.
static size_t end_children(pid_t command, bool spares_tidying) {
  size_t count, left = 0;
  struct row *rows = read_rows(&count);
  if (rows == NULL && command > 0) kill(-command, SIGKILL);  // a command is the leader of a group
  for (size_t i = 0; i < count; i++) {
    if (rows[i].parent != getpid() || rows[i].is_dead) continue;
    bool is_spared = spares_tidying && tidies_up(&rows[i], rows, count);
    if (is_spared || kill(rows[i].pid, SIGKILL) == 0) left++;
  }
  free(rows);
  return left;
}
#else
void adopt_orphans(void) {}

static size_t end_children(pid_t command, bool spares_tidying) {
  (void)spares_tidying;
  return command > 0 && kill(-command, SIGKILL) == 0 ? 1 : 0;
}
#endif

// What is killed leaves its children to the runner, generation after generation. A process with SIGKILL to come
// can fork no more, so this ends; what waits for a dead disk is left to itself.
void end_descendants(pid_t command) {
  if (command > 0) kill(command, SIGKILL);
  for (int round = 0; round < ROUNDS; round++) {
    bool has_any = end_children(command, round < ROUNDS_OF_TIDYING) > 0;
    pid_t dead;
    while ((dead = waitpid(-1, NULL, WNOHANG)) > 0) has_any = true;
    if (!has_any) return;
    nanosleep(&(struct timespec){.tv_nsec = ROUND_NS}, NULL);
  }
}
