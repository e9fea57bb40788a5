// Every way in which a command cannot be run that has nothing to do with its sandbox, in one table.

import { AgentError } from "../errors.ts";

const failures = {
  EXECUTION_NO_TERMINAL: [
    "a command cannot be given a terminal, since codex was not started by its launcher",
    "start codex by the command that the package installs",
  ],
} as const satisfies Record<string, readonly [message: string, hint: string]>;

export type ExecutionErrorCode = keyof typeof failures;

/** A command that cannot be run as it is wanted. */
export class ExecutionError extends AgentError {
  override readonly name = "ExecutionError";
  declare readonly code: ExecutionErrorCode;

  constructor(code: ExecutionErrorCode) {
    const [message, hint] = failures[code];
    super(message, { code, hint });
  }
}
