// Tells the user's own program that a turn is complete. It is started and left alone.

import { spawn } from "node:child_process";
import type { Environment } from "../environment.ts";

export interface CompletedTurn {
  readonly threadId: string;
  readonly turnId: string;
  readonly cwd: string;
  /** what the user has said in this turn */
  readonly inputMessages: readonly string[];
  readonly lastAgentMessage: string | undefined;
}

export interface NotifyRequest {
  /** program and first arguments; undefined or empty tells nobody */
  readonly command: readonly string[] | undefined;
  readonly environment: Environment;
  /** told when the program cannot be started */
  warn(message: string): void;
}

/** Start the program with what has happened as its last argument. Never throws. */
export function notify({ command, environment, warn }: NotifyRequest, turn: CompletedTurn): void {
  const [file, ...args] = command ?? [];
  if (file === undefined) return;
  const message = {
    type: "agent-turn-complete",
    "thread-id": turn.threadId,
    "turn-id": turn.turnId,
    cwd: turn.cwd,
    "input-messages": turn.inputMessages,
    "last-assistant-message": turn.lastAgentMessage ?? null,
  };
  const failed = (error: unknown) =>
    warn(`notify cannot start ${file}: ${(error as NodeJS.ErrnoException).code ?? "unknown reason"}`);
  try {
    const child = spawn(file, [...args, JSON.stringify(message)], {
      ...{ cwd: turn.cwd, env: environment as NodeJS.ProcessEnv },
      ...{ stdio: "ignore", detached: true },
    });
    child.once("error", failed);
    child.unref();
  } catch (error) {
    failed(error); // such as an argument that is too long
  }
}
