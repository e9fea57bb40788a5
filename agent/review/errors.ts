// Why there is nothing to review, in one table.

import { AgentError } from "../errors.ts";

const failures = {
  REVIEW_NO_BRANCH: 1,
  REVIEW_NO_COMMIT: 1,
  REVIEW_GIT: 1,
} as const satisfies Record<string, number>;

export class ReviewError extends AgentError {
  override readonly name = "ReviewError";
  declare readonly code: keyof typeof failures;

  constructor(
    code: keyof typeof failures,
    message: string,
    facts: { readonly hint?: string; readonly cause?: unknown } = {},
  ) {
    super(message, { code, exitStatus: failures[code], ...facts });
  }
}
