// Answers that refuse: by a status, by a failed response, for a while or for good.

import type { Step } from "../scripted-upstream.ts";
import { created } from "./events.ts";

/** @param error - `code` and `message` of a response that failed */
export function fails(error: { readonly code: string; readonly message: string }): Step {
  return { events: [created, { type: "response.failed", response: { id: "resp_1", error } }] };
}

export const rateLimited: Step = fails({
  code: "rate_limit_exceeded",
  message: "Rate limit reached. Please try again in 0.2s.",
});

export const contextFull: Step = fails({
  code: "context_length_exceeded",
  message: "Your input exceeds the context window of this model. Please adjust your input and try again.",
});

/** An answer without a stream, with `error` as its body. */
export function refuses(
  status: number,
  error: Readonly<Record<string, unknown>>,
  headers: Readonly<Record<string, string>> = {},
): Step {
  return { status, headers, body: JSON.stringify({ error }) };
}

/** 429 with the seconds to wait. */
export function comesBackIn(seconds: number): Step {
  return refuses(429, { message: "Too many requests" }, { "retry-after": String(seconds) });
}

/** A plan that is used up until a moment in seconds since 1970. */
export function planUsedUp(plan: string, resetsAt: number): Step {
  return refuses(429, { type: "usage_limit_reached", plan_type: plan, resets_at: resetsAt });
}

/** The headers by which the service says how much of a plan is used. */
export function limitHeaders(usedPercent: number, windowMinutes: number, resetsAt: number) {
  return {
    "x-codex-primary-used-percent": String(usedPercent),
    "x-codex-primary-window-minutes": String(windowMinutes),
    "x-codex-primary-reset-at": String(resetsAt),
  };
}
