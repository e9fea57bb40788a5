// What happens in a thread, as every face of the agent hears it. Order: one thread.started, then for each
// turn turn.started, its items, and one of turn.completed, turn.failed or turn.interrupted.

import type { AgentError } from "../errors.ts";
import type { RateLimits } from "../model-client/rate-limits.ts";
import type { TokenUsage } from "../model-client/usage.ts";

/** Something that a turn brings about; `id` stays the same from its start to its end. */
export type ThreadItem =
  | { readonly id: string; readonly type: "agent_message"; readonly text: string }
  | { readonly id: string; readonly type: "reasoning"; readonly text: string };

export type ThreadEvent =
  | { readonly type: "thread.started"; readonly threadId: string }
  | { readonly type: "turn.started" }
  | { readonly type: "item.started"; readonly item: ThreadItem }
  /** text that was added to an item that has started */
  | { readonly type: "item.delta"; readonly itemId: string; readonly delta: string }
  | { readonly type: "item.updated"; readonly item: ThreadItem }
  | { readonly type: "item.completed"; readonly item: ThreadItem }
  /** what has started will not be completed: its answer broke off */
  | { readonly type: "item.dropped"; readonly itemId: string }
  | { readonly type: "reasoning.section" }
  | { readonly type: "rate-limits.updated"; readonly limits: RateLimits }
  | {
      readonly type: "turn.retrying";
      readonly repetition: number;
      readonly limit: number;
      readonly cause: AgentError;
    }
  | {
      readonly type: "turn.completed";
      /** of all turns of this thread in this process; undefined where the service counts nothing */
      readonly totalUsage: TokenUsage | undefined;
      readonly lastAgentMessage: string | undefined;
    }
  | { readonly type: "turn.failed"; readonly error: AgentError; readonly totalUsage: TokenUsage | undefined }
  | { readonly type: "turn.interrupted" };

/** Hears what happens, in order. It must not throw. */
export type ThreadListener = (event: ThreadEvent) => void;
