// What the files of the command runner share. The runner is the launcher under the name codex-command: it
// starts one command, stays its parent until it has ended, and ends whatever came out of it when told to.
#ifndef COMMAND_H
#define COMMAND_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

// descendants.c
void adopt_orphans(void);
void end_descendants(pid_t command);  // 0 for one that has been waited for: its number may be another's

// terminal.c
struct terminal {
  int master;  // does not wait
  int slave;   // held open while the command runs, which may close its own and open it again by name
  char name[64];
};

bool open_terminal(struct terminal *terminal, unsigned short rows, unsigned short columns);
bool take_terminal(const struct terminal *terminal);  // in the child: it becomes the three streams

// relay.c
void replace_sockets_by_pipes(void);

// carry.c: what is on its way from one descriptor to another
enum { LOAD_SIZE = 65536 };
struct load {
  int from, to;  // -1 once there is nothing to come, or nobody to take it
  size_t start, end;
  char bytes[LOAD_SIZE];
};

struct pollfd;
void plan_load(const struct load *load, struct pollfd *from, struct pollfd *to);
void carry_load(struct load *load, const struct pollfd *from, const struct pollfd *to);
bool is_delivered(const struct load *load);
bool is_waiting_for_reader(const struct load *load);

#endif
