// Run a prepared command as if it had been typed instead of ours: its terminal, its process group, its
// signals and its end are the caller's. Nothing of it is read or changed on the way.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { readProcessStat } from "../process-stat.ts";
import type { PreparedCommand } from "./command.ts";
import { type CommandEnd, exitOf, spawnOptions, started } from "./spawn.ts";

const passedOn: readonly NodeJS.Signals[] = ["SIGTERM", "SIGHUP", "SIGINT", "SIGQUIT", "SIGUSR1", "SIGUSR2"];
const ofTheTerminal = new Set<NodeJS.Signals>(["SIGINT", "SIGQUIT"]);

/**
 * Run a command to its end.
 *
 * @param host - the process whose signals are passed on and which stops when the command stops
 * @param onStderr - gets what the command writes to stderr, which goes on to ours; without it nobody looks,
 *   and stderr is the terminal itself
 * @returns how it ended; a command that stops (Ctrl-Z) stops this process too, and goes on with it
 */
export async function runInForeground(
  prepared: PreparedCommand,
  cwd: string,
  host: NodeJS.Process,
  onStderr?: (text: string) => void,
): Promise<CommandEnd> {
  // Handlers come first: a signal that arrives while the command starts is passed on, not our end.
  const early: NodeJS.Signals[] = [];
  let send = (signal: NodeJS.Signals) => {
    early.push(signal);
  };
  const handlers = passedOn.map((signal) => {
    const handler = () => {
      // What is typed reaches the whole group, the command included.
      if (!(ofTheTerminal.has(signal) && isInForeground())) send(signal);
    };
    host.on(signal, handler);
    return [signal, handler] as const;
  });
  try {
    const child = spawn(prepared.file, prepared.args, {
      ...spawnOptions(prepared, cwd),
      stdio: ["inherit", "inherit", onStderr === undefined ? "inherit" : "pipe"],
    });
    child.stderr?.pipe(host.stderr, { end: false });
    if (onStderr !== undefined) child.stderr?.setEncoding("utf8").on("data", onStderr);
    const ended = exitOf(child);
    const isSilent = onStderr === undefined ? ended : once(child, "close");
    await started(child, prepared, cwd);
    const pid = child.pid as number;
    send = (signal) => void child.kill(signal);
    for (const signal of early) send(signal);

    // The sandbox's own processes stop and go on with the command.
    const onContinue = () => void child.kill("SIGCONT");
    const onChild = () => {
      if (isStopped(pid)) host.kill(host.pid, "SIGSTOP");
    };
    host.on("SIGCONT", onContinue);
    host.on("SIGCHLD", onChild);
    handlers.push(["SIGCONT", onContinue], ["SIGCHLD", onChild]);
    onChild(); // it may have been faster
    await isSilent;
    return await ended;
  } finally {
    for (const [signal, handler] of handlers) host.off(signal, handler);
  }
}

// Where the group of the terminal cannot be read, a terminal is taken for the sender.
function isInForeground(): boolean {
  const self = readProcessStat("self");
  return self === undefined ? process.stdin.isTTY : self.group === self.terminalGroup;
}

function isStopped(pid: number): boolean {
  return readProcessStat(pid)?.state === "T";
}
