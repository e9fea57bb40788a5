// Start a prepared command as the leader of its own session, without a terminal, and end it with everything
// that came out of it. Tools run their commands through this; foreground.ts is for commands of a person.
//
// Its streams are sockets, which do not open by name (/dev/stderr) where the runner of commands does not put
// pipes in their place. Read them to their end: what was written last may arrive after the command has ended.

import { type ChildProcess, spawn } from "node:child_process";
import { statSync } from "node:fs";
import { constants } from "node:os";
import type { Readable, Writable } from "node:stream";
import type { PreparedCommand } from "./command.ts";
import { SandboxError } from "./errors.ts";
import { killTree } from "./process-tree.ts";

export interface SpawnRequest {
  readonly prepared: PreparedCommand;
  readonly cwd: string;
  /** default: nothing to read */
  readonly stdin?: "ignore" | "pipe";
}

/** How a command ended. */
export interface CommandEnd {
  /** 128 + the number of the signal for one that was killed */
  readonly exitStatus: number;
  readonly signal?: NodeJS.Signals;
}

export interface RunningCommand {
  readonly pid: number;
  /** null unless asked for */
  readonly stdin: Writable | null;
  readonly stdout: Readable;
  readonly stderr: Readable;
  /** of the command itself: what it left in the background may still write to the streams */
  readonly ended: Promise<CommandEnd>;
  /** kill the command and what it left behind; may be called at any time */
  kill(): void;
}

/**
 * Start a command.
 *
 * @throws SandboxError where it is not there or cannot be executed
 */
export async function spawnCommand(request: SpawnRequest): Promise<RunningCommand> {
  const { prepared, cwd } = request;
  const child = startChild(request);
  await started(child, prepared, cwd);
  const pid = child.pid as number;
  return {
    pid,
    stdin: child.stdin,
    stdout: child.stdout as Readable,
    stderr: child.stderr as Readable,
    ended: exitOf(child),
    kill: () => killTree(pid),
  };
}

function startChild({ prepared, cwd, stdin }: SpawnRequest): ChildProcess {
  try {
    return spawn(prepared.file, prepared.args, {
      ...spawnOptions(prepared, cwd),
      stdio: [stdin ?? "ignore", "pipe", "pipe"],
      detached: true,
    });
  } catch (error) {
    // What the system says of arguments, Node throws.
    throw failureOf(error as NodeJS.ErrnoException, prepared.file, cwd);
  }
}

/** What spawn() is told of a prepared command. */
export function spawnOptions(prepared: PreparedCommand, cwd: string) {
  return {
    cwd,
    env: prepared.environment as NodeJS.ProcessEnv,
    ...(prepared.argv0 !== undefined && { argv0: prepared.argv0 }),
  };
}

/** Resolves when the command runs; rejects with what a person can act on when it cannot. */
export async function started(child: ChildProcess, prepared: PreparedCommand, cwd: string): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    child.once("spawn", resolve);
    child.once("error", (error: NodeJS.ErrnoException) => reject(failureOf(error, prepared.file, cwd)));
  });
}

function failureOf(error: NodeJS.ErrnoException, file: string, cwd: string): SandboxError {
  if (error.code === "ERR_INVALID_ARG_VALUE") {
    return new SandboxError("SANDBOX_NOT_EXECUTABLE", "a null character is in it or in its folder", error);
  }
  if (error.code === "E2BIG") {
    const reason =
      "its arguments are longer than the system takes, 128 KiB for one; write them to a file first";
    return new SandboxError("SANDBOX_NOT_EXECUTABLE", reason, error);
  }
  if (!(statSync(cwd, { throwIfNoEntry: false })?.isDirectory() ?? false)) {
    return new SandboxError("SANDBOX_NOT_EXECUTABLE", `${cwd} is not a folder`, error);
  }
  if (error.code === "ENOENT") return new SandboxError("SANDBOX_NOT_FOUND", file, error);
  return new SandboxError("SANDBOX_NOT_EXECUTABLE", `${file} (${error.code ?? "unknown"})`, error);
}

/** How a child that was started ended. */
export function exitOf(child: ChildProcess): Promise<CommandEnd> {
  return new Promise((resolve) => {
    child.once("exit", (status, signal) => {
      if (signal === null) resolve({ exitStatus: status ?? 0 });
      else resolve({ exitStatus: 128 + constants.signals[signal], signal });
    });
  });
}
