// Scripts for the scripted upstream: how a model answers, and the ways in which answers go wrong.

import type { ResponseEvent } from "./response-events.ts";
import type { Step } from "./scripted-upstream.ts";

const usage = {
  input_tokens: 1200,
  input_tokens_details: { cached_tokens: 100 },
  output_tokens: 50,
  output_tokens_details: { reasoning_tokens: 10 },
  total_tokens: 1250,
};

const created: ResponseEvent = { type: "response.created", response: { id: "resp_1" } };
const completed: ResponseEvent = { type: "response.completed", response: { id: "resp_1", usage } };

/** The events of a message. */
export function messageEvents(text: string): readonly ResponseEvent[] {
  const item = { type: "message", id: "msg_1", role: "assistant" };
  return [
    { type: "response.output_item.added", item: { ...item, content: [] } },
    { type: "response.output_text.delta", delta: text },
    { type: "response.output_item.done", item: { ...item, content: [{ type: "output_text", text }] } },
  ];
}

const reasoningText = "**Thinking**\n\nabout it";

const reasoningEvents: readonly ResponseEvent[] = [
  { type: "response.output_item.added", item: { type: "reasoning", id: "rs_1", summary: [] } },
  { type: "response.reasoning_summary_part.added", summary_index: 0 },
  { type: "response.reasoning_summary_text.delta", delta: reasoningText },
  {
    type: "response.output_item.done",
    item: {
      type: "reasoning",
      id: "rs_1",
      summary: [{ type: "summary_text", text: reasoningText }],
      encrypted_content: "c2VjcmV0",
    },
  },
];

/** A whole answer of one message. */
export function says(text: string): Step {
  return { events: [created, ...messageEvents(text), completed] };
}

/** A whole answer: first reasoning, then a message. */
export function thinksAndSays(text: string): Step {
  return { events: [created, ...reasoningEvents, ...messageEvents(text), completed] };
}

export function saysTwice(first: string, second: string): Step {
  return { events: [created, ...messageEvents(first), ...messageEvents(second), completed] };
}

export const saysNothing: Step = { events: [created, completed] };

/** Breaks off in the middle of reasoning. */
export const breaksOff: Step = { events: [created, ...reasoningEvents.slice(0, 2)] };
export const isReset: Step = { events: [created, ...reasoningEvents], ending: "reset" };
export const fallsSilent: Step = { events: [created], ending: "silence" };

/** @param error - `code` and `message` of a response that failed */
export function fails(error: { readonly code: string; readonly message: string }): Step {
  return { events: [created, { type: "response.failed", response: { id: "resp_1", error } }] };
}

export const rateLimited: Step = fails({
  code: "rate_limit_exceeded",
  message: "Rate limit reached. Please try again in 0.2s.",
});

export const incomplete: Step = {
  events: [
    created,
    { type: "response.incomplete", response: { incomplete_details: { reason: "max_output_tokens" } } },
  ],
};

/** An answer without a stream, with `error` as its body. */
export function refuses(
  status: number,
  error: Readonly<Record<string, unknown>>,
  headers: Readonly<Record<string, string>> = {},
): Step {
  return { status, headers, body: JSON.stringify({ error }) };
}
