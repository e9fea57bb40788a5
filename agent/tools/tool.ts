// What a tool is to the loop: a schema that the model sees, and something that runs when the model calls it.
// Tools of MCP servers will be of this shape too.

import type { Approver } from "../approval/approver.ts";
import type { SessionApprovals } from "../approval/session-approvals.ts";
import type { Clock } from "../clock.ts";
import type { Config } from "../config/config.ts";
import type { Environment } from "../environment.ts";
import type { Executor } from "../execution/executor.ts";
import type { InputItem } from "../model-client/items.ts";
import type { SandboxPolicy } from "../sandbox/policy.ts";
import type { ThreadItemBody } from "../thread/thread-events.ts";

/** A call as the model made it. */
export interface ToolCall {
  readonly callId: string;
  /** which kind of item it came in, and its answer goes back in */
  readonly kind: "function" | "custom" | "local_shell";
  readonly name: string;
  /** JSON text of a function's arguments, the text of a custom tool, JSON text of a local shell's action */
  readonly input: string;
}

/** What goes back to the model. */
export interface ToolResult {
  readonly output: string;
  /** further items of the history, behind the outputs of all calls of the same answer */
  readonly followUps?: readonly InputItem[];
}

/** Tells the listener of what a tool does. */
export interface ItemReporter {
  /** @returns the id of the item */
  start(item: ThreadItemBody): string;
  delta(id: string, text: string): void;
  update(id: string, item: ThreadItemBody): void;
  complete(id: string, item: ThreadItemBody): void;
  /** an item that has no start of its own */
  report(item: ThreadItemBody): void;
}

/** What a call may use of its turn. */
export interface ToolContext {
  readonly turnId: string;
  readonly config: Config;
  /** of this process; what commands see of it is the matter of shellEnvironment() */
  readonly environment: Environment;
  /** of this turn, in force for every command that was not allowed to leave it */
  readonly policy: SandboxPolicy;
  /** aborts when the turn is interrupted: whatever runs is killed */
  readonly signal: AbortSignal;
  readonly items: ItemReporter;
  readonly executor: Executor;
  readonly approver: Approver;
  readonly approvals: SessionApprovals;
  readonly clock: Clock;
  /** told before files are changed, so that turn.diff can show by what */
  readonly onFilesChanging: (paths: readonly string[]) => Promise<void>;
}

export interface Tool {
  /** names by which the model may call it; the first is that of the schema */
  readonly names: readonly [string, ...string[]];
  /** entry of `tools` in the request; undefined for one that is answered but not offered */
  readonly schema: Readonly<Record<string, unknown>> | undefined;
  /** whether it may run beside other calls of the same answer */
  readonly mayRunInParallel: boolean;
  /**
   * @throws ToolFailure for what the model shall read instead of a result; TurnAborted to end the turn
   */
  run(call: ToolCall, context: ToolContext): Promise<ToolResult>;
}

/** The tools of a thread. */
export interface ToolSet {
  /** in the order in which they are offered */
  readonly tools: readonly Tool[];
  /** kills what outlives single calls: sessions with a terminal */
  close(): Promise<void>;
}

/** A call came to nothing, and the model is told why. */
export class ToolFailure extends Error {
  override readonly name = "ToolFailure";
}

/** A user who was asked has ended the turn. */
export class TurnAborted extends Error {
  override readonly name = "TurnAborted";
}
