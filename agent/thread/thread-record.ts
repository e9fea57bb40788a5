// What of a thread is kept, in the form and order in which the original keeps it.

import type { Config } from "../config/config.ts";
import {
  type ContentPart,
  type InputItem,
  messageText,
  type OutputItem,
  reasoningSummaries,
  reasoningTexts,
} from "../model-client/items.ts";
import type { RateLimits, RateLimitWindow } from "../model-client/rate-limits.ts";
import type { TokenUsage } from "../model-client/usage.ts";
import type { SandboxPolicy } from "../sandbox/policy.ts";
import type { RolloutEntry, RolloutEvent, TurnContextPayload } from "../sessions/rollout-entry.ts";
import type { TokenAccount } from "./token-account.ts";

type Context = Pick<
  Config,
  "cwd" | "approvalPolicy" | "model" | "modelReasoningEffort" | "modelReasoningSummary"
>;

/** Items of the history, without events of their own. */
export function itemEntries(items: readonly InputItem[]): readonly RolloutEntry[] {
  return items.map((payload) => ({ type: "response_item", payload }));
}

/** A message of the user, and the event by which it is shown again. */
export function userEntries(item: InputItem, content: readonly ContentPart[]): readonly RolloutEntry[] {
  const images = content.flatMap((part) => (part.type === "input_image" ? [part.image_url] : []));
  return [...itemEntries([item]), event({ type: "user_message", message: textOf(content), images })];
}

/** The text of what a user has sent. */
export function textOf(content: readonly ContentPart[]): string {
  return content.flatMap((part) => (part.type === "input_image" ? [] : [part.text])).join("\n");
}

/** One item of an answer: as it is sent back, and the events by which it is shown again. */
export function answerEntries(item: InputItem, output: OutputItem): readonly RolloutEntry[] {
  return [...itemEntries([item]), ...shownBy(output).map(event)];
}

function shownBy(output: OutputItem): readonly RolloutEvent[] {
  if (output.type === "message") return [{ type: "agent_message", message: messageText(output) }];
  if (output.type !== "reasoning") return [];
  return [
    ...reasoningSummaries(output).map((text) => ({ type: "agent_reasoning", text }) as const),
    ...reasoningTexts(output).map((text) => ({ type: "agent_reasoning_raw_content", text }) as const),
  ];
}

export function contextEntry(config: Context, policy: SandboxPolicy): RolloutEntry {
  return { type: "turn_context", payload: contextPayload(config, policy) };
}

export function contextPayload(config: Context, policy: SandboxPolicy): TurnContextPayload {
  return {
    cwd: config.cwd,
    approval_policy: config.approvalPolicy,
    sandbox_policy: policy,
    model: config.model,
    ...(config.modelReasoningEffort !== undefined && { effort: config.modelReasoningEffort }),
    summary: config.modelReasoningSummary,
  };
}

export function tokenEntry(
  { total, last }: Pick<TokenAccount, "total" | "last">,
  windowTokens: number | undefined,
  limits: RateLimits | undefined,
): RolloutEntry {
  return event({
    type: "token_count",
    info:
      total === undefined || last === undefined
        ? null
        : {
            total_token_usage: wireUsage(total),
            last_token_usage: wireUsage(last),
            model_context_window: windowTokens ?? null,
          },
    rate_limits: { primary: wireWindow(limits?.primary), secondary: wireWindow(limits?.secondary) },
  });
}

export function compactedEntry(summary: string, history: readonly InputItem[]): RolloutEntry {
  return { type: "compacted", payload: { message: summary, replacement_history: [...history] } };
}

export const interruptedEntry: RolloutEntry = event({ type: "turn_aborted", reason: "interrupted" });

function event(payload: RolloutEvent): RolloutEntry {
  return { type: "event_msg", payload };
}

function wireUsage(usage: TokenUsage) {
  return {
    input_tokens: usage.inputTokens,
    cached_input_tokens: usage.cachedInputTokens,
    output_tokens: usage.outputTokens,
    reasoning_output_tokens: usage.reasoningOutputTokens,
    total_tokens: usage.totalTokens,
  };
}

function wireWindow(window: RateLimitWindow | undefined) {
  if (window === undefined) return null;
  const { usedPercent, windowMinutes, resetsAt } = window;
  return { used_percent: usedPercent, window_minutes: windowMinutes ?? null, resets_at: resetsAt ?? null };
}
