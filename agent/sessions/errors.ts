// Every way in which a session cannot be had. What cannot be written while a turn runs is no error but a
// warning: the turn is worth more than its record.

import { AgentError } from "../errors.ts";

const hints = {
  SESSION_NOT_FOUND: undefined,
  SESSION_NOT_SAVED: "codex exec resume --last PROMPT goes on with the last one of this folder",
  SESSION_ARCHIVED: undefined,
  SESSION_UNREADABLE: undefined,
  SESSION_NOT_A_ROLLOUT: undefined,
  SESSION_TOO_LARGE: "begin a new session",
  SESSION_IN_USE: "end the other codex first, or begin a new session",
  SESSION_UNSAFE: undefined,
  SESSION_NOT_CHANGED: undefined,
} as const;

export type SessionErrorCode = keyof typeof hints;

/** A session that cannot be found, read, continued, archived or deleted. Nothing was changed. */
export class SessionError extends AgentError {
  override readonly name = "SessionError";
  declare readonly code: SessionErrorCode;

  constructor(code: SessionErrorCode, message: string, cause?: unknown) {
    super(message, { code, hint: hints[code], cause });
  }
}
