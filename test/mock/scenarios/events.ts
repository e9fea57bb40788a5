// The events that answers are made of: how an answer opens and closes, and each kind of item that it brings.

import type { ResponseEvent } from "../response-events.ts";

/** What an answer says that it has cost; what is not named is small. */
export interface Tokens {
  readonly input?: number;
  readonly cached?: number;
  readonly output?: number;
  readonly reasoning?: number;
}

export const created: ResponseEvent = { type: "response.created", response: { id: "resp_1" } };

export function completed(tokens: Tokens = {}): ResponseEvent {
  const { input = 1200, cached = 100, output = 50, reasoning = 10 } = tokens;
  const usage = {
    input_tokens: input,
    input_tokens_details: { cached_tokens: cached },
    output_tokens: output,
    output_tokens_details: { reasoning_tokens: reasoning },
    total_tokens: input + output,
  };
  return { type: "response.completed", response: { id: "resp_1", usage } };
}

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

export function reasoningEvents(text = reasoningText): readonly ResponseEvent[] {
  return [
    { type: "response.output_item.added", item: { type: "reasoning", id: "rs_1", summary: [] } },
    { type: "response.reasoning_summary_part.added", summary_index: 0 },
    { type: "response.reasoning_summary_text.delta", delta: text },
    {
      type: "response.output_item.done",
      item: {
        type: "reasoning",
        id: "rs_1",
        summary: [{ type: "summary_text", text }],
        encrypted_content: "c2VjcmV0",
      },
    },
  ];
}

/** The events of an item that arrives whole: calls of tools, searches, and kinds that nobody knows. */
export function itemEvents(item: ResponseEvent): readonly ResponseEvent[] {
  return [
    { type: "response.output_item.added", item },
    { type: "response.output_item.done", item },
  ];
}
