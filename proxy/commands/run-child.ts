// Runs a program in the place of this one, as far as its caller can see: same terminal, same signals,
// same end.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { constants } from "node:os";
import { isatty } from "node:tty";
import { CommandError } from "./errors.ts";

// Of the terminal's keys: it sends them to both processes.
const signalsOfTerminal: readonly NodeJS.Signals[] = ["SIGINT", "SIGQUIT"];
const signals: readonly NodeJS.Signals[] = ["SIGTERM", "SIGHUP", "SIGUSR1", "SIGUSR2", ...signalsOfTerminal];

/**
 * Run a program to its end.
 *
 * @returns leaves the process as the program left: with its exit code, or by its signal
 * @throws {CommandError} CMD_NOT_FOUND or CMD_NOT_EXECUTABLE, with the exit codes of a shell
 */
export async function becomeChild(
  program: string,
  args: readonly string[],
  environment: NodeJS.ProcessEnv,
): Promise<never> {
  // The one name that spawn takes for a mistake of its caller's.
  if (program === "") throw new CommandError("CMD_NOT_FOUND", "cannot run the command: its name is empty");
  const hasTerminal = isatty(0); // process.stdin would make the pipe that both share non-blocking
  const forward = (signal: NodeJS.Signals) => {
    const isSentToBoth = hasTerminal && signalsOfTerminal.includes(signal);
    if (!isSentToBoth) child.kill(signal);
  };
  // Before it runs: one that came in between would end this process alone.
  for (const signal of signals) process.on(signal, forward);
  const child = spawn(program, args, { stdio: "inherit", env: environment });

  const ended = once(child, "exit") as Promise<[number | null, NodeJS.Signals | null]>;
  ended.catch(() => {}); // also told by what follows
  try {
    await once(child, "spawn");
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    const failure = code === "ENOENT" ? "CMD_NOT_FOUND" : "CMD_NOT_EXECUTABLE";
    throw new CommandError(failure, `cannot run the command: ${code}`, { cause });
  }
  const [code, signal] = await ended;
  for (const name of signals) process.off(name, forward);
  if (signal === null) process.exit(code ?? 1);
  process.kill(process.pid, signal);
  await new Promise((resolve) => setTimeout(resolve, 1000)); // it arrives before that
  process.exit(128 + (constants.signals[signal] ?? 0));
}
