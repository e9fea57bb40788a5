// What happens in a thread, as every face of the agent hears it. Order: one thread.started, then for each
// turn turn.started, its items, and one of turn.completed, turn.failed or turn.interrupted.

import type { AgentError } from "../errors.ts";
import type { RateLimits } from "../model-client/rate-limits.ts";
import type { TokenUsage } from "../model-client/usage.ts";

/** What a patch does to one file; paths are absolute. */
export type FileChange =
  | { readonly kind: "add"; readonly path: string; readonly content: string }
  | { readonly kind: "delete"; readonly path: string; readonly content: string }
  | {
      readonly kind: "update";
      readonly path: string;
      readonly moveTo?: string;
      /** hunks, without the two lines that name the file */
      readonly unifiedDiff: string;
    };

export interface PlanStep {
  readonly step: string;
  readonly status: "pending" | "in_progress" | "completed";
}

/** How far something is that is run; `declined`: nobody allowed it, and it never ran. */
export type RunStatus = "in_progress" | "completed" | "failed" | "declined";

/** Something that a turn brings about; `id` stays the same from its start to its end. */
export type ThreadItem = { readonly id: string } & ThreadItemBody;

export type ThreadItemBody =
  | { readonly type: "agent_message"; readonly text: string }
  | { readonly type: "reasoning"; readonly text: string; readonly isRaw?: boolean }
  | {
      readonly type: "command_execution";
      /** of the tool call that asked for it */
      readonly callId: string;
      readonly command: readonly string[];
      readonly cwd: string;
      /** all that it wrote, both streams in the order of arrival; empty at its start */
      readonly aggregatedOutput: string;
      /** absent while it runs; -1 where it never ran */
      readonly exitCode?: number;
      readonly durationMs?: number;
      readonly status: RunStatus;
    }
  | {
      readonly type: "file_change";
      readonly callId: string;
      readonly changes: readonly FileChange[];
      /** what the patch program wrote; absent while it runs */
      readonly output?: string;
      readonly exitCode?: number;
      readonly durationMs?: number;
      readonly wasAsked?: boolean;
      readonly status: RunStatus;
    }
  | {
      readonly type: "mcp_tool_call";
      readonly callId: string;
      readonly server: string;
      readonly tool: string;
      readonly arguments: unknown;
      readonly result?: { readonly content: readonly unknown[]; readonly structuredContent?: unknown };
      readonly errorMessage?: string;
      readonly durationMs?: number;
      readonly status: "in_progress" | "completed" | "failed";
    }
  | { readonly type: "web_search"; readonly query: string }
  | { readonly type: "image_view"; readonly path: string }
  /** starts with the first plan of a turn, is updated by each further one, and completed with the turn */
  | { readonly type: "plan"; readonly explanation?: string; readonly steps: readonly PlanStep[] }
  /** the history was replaced by a summary */
  | { readonly type: "compaction"; readonly summary: string }
  /** something that does not end the turn */
  | { readonly type: "error"; readonly message: string };

export type ThreadEvent =
  | { readonly type: "thread.started"; readonly threadId: string; readonly isResumed: boolean }
  | { readonly type: "turn.started"; readonly turnId: string }
  | { readonly type: "item.started"; readonly item: ThreadItem }
  /** text that was added to an item that has started: of a message, of reasoning, of a command's output */
  | { readonly type: "item.delta"; readonly itemId: string; readonly delta: string }
  | { readonly type: "item.updated"; readonly item: ThreadItem }
  | { readonly type: "item.completed"; readonly item: ThreadItem }
  /** what has started will not be completed: its answer broke off */
  | { readonly type: "item.dropped"; readonly itemId: string }
  | { readonly type: "reasoning.section" }
  /** input that was queued has become part of the conversation */
  | { readonly type: "input.taken"; readonly text: string; readonly imageCount: number }
  /** after each answer of the model */
  | {
      readonly type: "usage.updated";
      readonly totalUsage: TokenUsage;
      readonly lastUsage: TokenUsage;
      readonly contextWindowTokens?: number;
    }
  | { readonly type: "rate-limits.updated"; readonly limits: RateLimits }
  /** all that the turn has changed in files so far, as git shows it; only where it is no longer the same */
  | { readonly type: "turn.diff"; readonly unifiedDiff: string }
  | {
      readonly type: "turn.retrying";
      readonly repetition: number;
      readonly limit: number;
      readonly cause: AgentError;
    }
  /** the service wants no request for so long */
  | { readonly type: "turn.waiting"; readonly waitMs: number }
  | {
      readonly type: "turn.completed";
      readonly turnId: string;
      /** of all turns of this thread in this process; undefined where the service counts nothing */
      readonly totalUsage: TokenUsage | undefined;
      readonly lastAgentMessage: string | undefined;
    }
  | {
      readonly type: "turn.failed";
      readonly turnId: string;
      readonly error: AgentError;
      readonly totalUsage: TokenUsage | undefined;
    }
  | { readonly type: "turn.interrupted"; readonly turnId: string };

/** Hears what happens, in order. It must not throw. */
export type ThreadListener = (event: ThreadEvent) => void;
