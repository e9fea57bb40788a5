// How asking the model can fail, in one table: code, and whether asking again may help. Messages are shown
// to people and scripts; none holds a key or a header of ours.

import { AgentError } from "../errors.ts";

const failures = {
  MODEL_CONNECTION: "again",
  MODEL_STREAM: "again",
  MODEL_EXHAUSTED: "again",
  MODEL_STATUS: "final",
  MODEL_REDIRECT: "final",
  MODEL_USAGE_LIMIT: "final",
  MODEL_USAGE_NOT_INCLUDED: "final",
  MODEL_CONTEXT_WINDOW: "final",
  MODEL_INCOMPLETE: "final",
} as const satisfies Record<string, "again" | "final">;

export type ModelErrorCode = keyof typeof failures;

/** A request to the model that came to nothing. */
export class ModelError extends AgentError {
  override readonly name = "ModelError";
  declare readonly code: ModelErrorCode;
  /** whether the same request may succeed later */
  readonly canRetry: boolean;
  /** how long the service asks to wait */
  readonly waitMs?: number;

  constructor(
    code: ModelErrorCode,
    message: string,
    facts: {
      readonly hint?: string | undefined;
      readonly cause?: unknown;
      readonly waitMs?: number | undefined;
    } = {},
  ) {
    super(message, { code, ...facts });
    this.canRetry = failures[code] === "again";
    if (facts.waitMs !== undefined) this.waitMs = facts.waitMs;
  }
}

/** The service's code for a conversation that its window does not hold; it may come in a stream or instead of one. */
export const contextLengthExceeded = "context_length_exceeded";

export function noRoom(): ModelError {
  return new ModelError(
    "MODEL_CONTEXT_WINDOW",
    "Codex ran out of room in the model's context window. Start a new conversation or clear earlier history before retrying.",
  );
}
