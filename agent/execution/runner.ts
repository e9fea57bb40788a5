// The native runner in front of a command: it gives it pipes or a terminal, and stays the one parent of all
// that comes out of it. native/command/run.c is its other half.

import type { PreparedCommand } from "../sandbox/command.ts";
import { ExecutionError } from "./errors.ts";

/** The name by which the launcher is the runner. */
const runnerName = "codex-command";

export interface TerminalSize {
  readonly rows: number;
  readonly columns: number;
}

/** A command that the runner starts, or as it was where there is no launcher. */
export interface RunnableCommand extends PreparedCommand {
  /** whether SIGTERM ends it with all that came out of it */
  readonly hasRunner: boolean;
}

/**
 * Put the runner in front of a command.
 *
 * @param terminal - gives it a terminal of this size
 * @throws ExecutionError where it must have a terminal and there is no launcher
 */
export function behindRunner(
  prepared: PreparedCommand,
  launcher: string | undefined,
  terminal?: TerminalSize,
): RunnableCommand {
  if (launcher === undefined) {
    if (terminal !== undefined) throw new ExecutionError("EXECUTION_NO_TERMINAL");
    return { ...prepared, hasRunner: false };
  }
  const { file, args, argv0, environment, isSandboxed } = prepared;
  return {
    file: launcher,
    argv0: runnerName,
    args: [
      ...(terminal === undefined ? [] : ["--terminal", `${terminal.rows}x${terminal.columns}`]),
      ...(argv0 === undefined ? [] : ["--argv0", argv0]),
      // One that starts when this process has died already ends at once.
      ...["--parent", String(process.pid), "--", file, ...args],
    ],
    environment,
    isSandboxed,
    hasRunner: true,
  };
}
