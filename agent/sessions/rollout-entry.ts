// The lines of a rollout file, in the wire form that the original writes and reads.

import type { InputItem } from "../model-client/items.ts";
import type { SandboxPolicy } from "../sandbox/policy.ts";

export interface SessionMeta {
  /** UUID of the thread */
  readonly id: string;
  /** ISO 8601, UTC */
  readonly timestamp: string;
  readonly cwd: string;
  readonly originator: string;
  readonly cli_version: string;
  readonly instructions: string | null;
  /** `cli`, `exec`, `vscode`, `mcp`, … */
  readonly source: string;
  readonly git?: {
    readonly commit_hash?: string;
    readonly branch?: string;
    readonly repository_url?: string;
  };
}

export interface TurnContextPayload {
  readonly cwd: string;
  readonly approval_policy: string;
  readonly sandbox_policy: SandboxPolicy;
  readonly model: string;
  readonly effort?: string;
  readonly summary: string;
}

interface WireUsage {
  readonly input_tokens: number;
  readonly cached_input_tokens: number;
  readonly output_tokens: number;
  readonly reasoning_output_tokens: number;
  readonly total_tokens: number;
}

interface WireWindow {
  readonly used_percent: number;
  readonly window_minutes: number | null;
  readonly resets_at: number | null;
}

export type RolloutEvent =
  | { readonly type: "user_message"; readonly message: string; readonly images?: readonly string[] }
  | { readonly type: "agent_message"; readonly message: string }
  | { readonly type: "agent_reasoning"; readonly text: string }
  | { readonly type: "agent_reasoning_raw_content"; readonly text: string }
  | {
      readonly type: "token_count";
      readonly info: {
        readonly total_token_usage: WireUsage;
        readonly last_token_usage: WireUsage;
        readonly model_context_window: number | null;
      } | null;
      readonly rate_limits: {
        readonly primary: WireWindow | null;
        readonly secondary: WireWindow | null;
      } | null;
    }
  | { readonly type: "entered_review_mode"; readonly prompt: string; readonly user_facing_hint: string }
  | { readonly type: "exited_review_mode"; readonly review_output: unknown }
  | { readonly type: "turn_aborted"; readonly reason: "interrupted" | "replaced" | "review_ended" };

export type RolloutEntry =
  | { readonly type: "session_meta"; readonly payload: SessionMeta }
  | { readonly type: "response_item"; readonly payload: InputItem }
  | { readonly type: "event_msg"; readonly payload: RolloutEvent }
  | { readonly type: "turn_context"; readonly payload: TurnContextPayload }
  | {
      readonly type: "compacted";
      readonly payload: { readonly message: string; readonly replacement_history?: readonly InputItem[] };
    };
