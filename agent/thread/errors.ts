// How a turn can come to its end too early, in one table: what is said, and what helps. What the model client
// and its way report has tables of its own.

import { AgentError } from "../errors.ts";

const failures = {
  THREAD_IMAGE: ["cannot attach the image", undefined],
  THREAD_REQUEST_LIMIT: [
    "the turn was ended: it has sent as many requests to the model as one turn may",
    "say `continue` to go on, or set `max_requests_per_turn`",
  ],
  THREAD_STILL_FULL: [
    "Conversation is still above the token limit after automatic summarization",
    "start a new session, or trim what you send",
  ],
  THREAD_NOTHING_TO_COMPACT: ["there is nothing to summarize yet", undefined],
  THREAD_FAULT: ["the turn failed for a reason that was not foreseen", undefined],
} as const satisfies Record<string, readonly [string, string | undefined]>;

export type ThreadErrorCode = keyof typeof failures;

/** A turn that cannot go on. */
export class ThreadError extends AgentError {
  override readonly name = "ThreadError";
  declare readonly code: ThreadErrorCode;

  /** @param message - instead of the table's, where more is known */
  constructor(code: ThreadErrorCode, facts: { readonly message?: string; readonly cause?: unknown } = {}) {
    const [message, hint] = failures[code];
    super(facts.message ?? message, { code, hint, cause: facts.cause });
  }
}

/** What a listener is told of an error that nobody has prepared for its eyes. */
export function asAgentError(error: unknown): AgentError {
  return error instanceof AgentError ? error : new ThreadError("THREAD_FAULT", { cause: error });
}
