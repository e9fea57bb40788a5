// What every error of agent/ is: a message that a person can act on, a code that a program can match, and
// the status to exit with. A folder keeps its own errors in one table and derives one class from this.

/** What the command line prints as `Error: MESSAGE`, and `hint: HINT` where there is one. */
export class AgentError extends Error {
  override readonly name: string = "AgentError";
  readonly code: string;
  readonly exitStatus: number;
  readonly hint?: string;

  /**
   * @param message - what was wrong, with the name of the file, key or flag; never a key or token
   * @param facts - `exitStatus` is 1 where it is not given; `cause` is for debugging and never printed
   */
  constructor(
    message: string,
    facts: {
      readonly code: string;
      readonly exitStatus?: number | undefined;
      readonly hint?: string | undefined;
      readonly cause?: unknown;
    },
  ) {
    super(message, facts.cause === undefined ? undefined : { cause: facts.cause });
    this.code = facts.code;
    this.exitStatus = facts.exitStatus ?? 1;
    if (facts.hint !== undefined) this.hint = facts.hint;
  }
}
