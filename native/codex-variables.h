// The environment variables by which the launcher speaks to the command line that it starts: the launcher
// writes them, agent/environment.ts and cli/main.ts read them and keep them from children. None of them
// ever reaches a process that holds a key: allowed-environment.h does not list them, and the commands of
// the proxy are started without them.
#ifndef CODEX_VARIABLES_H
#define CODEX_VARIABLES_H

// Absolute path of the launcher. Its presence tells the addon that this is the command line.
#define LAUNCHER_VARIABLE "CODEX_LAUNCHER"

// The limit on open files as the user has it: Node raises its own, which children would inherit.
#define OPEN_FILES_VARIABLE LAUNCHER_VARIABLE "_OPEN_FILES"

// Numbers of signals that the user's shell has it ignore, as nohup(1) does, with commas: Node, which resets
// them all at its start, would end by them.
#define IGNORED_SIGNALS_VARIABLE LAUNCHER_VARIABLE "_IGNORED_SIGNALS"

// In front of the name of a variable that would steer Node or the dynamic loader.
#define HIDDEN_PREFIX LAUNCHER_VARIABLE "_HID_"

#endif
