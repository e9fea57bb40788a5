// Answers that go well and end the turn: a message, several, none, with reasoning, long ones.

import type { Step } from "../scripted-upstream.ts";
import { completed, created, messageEvents, reasoningEvents, type Tokens } from "./events.ts";

/** A whole answer of one message. */
export function says(text: string, tokens?: Tokens): Step {
  return { events: [created, ...messageEvents(text), completed(tokens)] };
}

/** A whole answer: first reasoning, then a message. */
export function thinksAndSays(text: string, tokens?: Tokens): Step {
  return { events: [created, ...reasoningEvents(), ...messageEvents(text), completed(tokens)] };
}

export function saysTwice(first: string, second: string): Step {
  return { events: [created, ...messageEvents(first), ...messageEvents(second), completed()] };
}

export const saysNothing: Step = { events: [created, completed()] };

/** One message in that many deltas of a word each. */
export function saysInPieces(count: number, word = "word "): Step {
  const item = { type: "message", id: "msg_1", role: "assistant" };
  const text = word.repeat(count);
  return {
    events: [
      created,
      { type: "response.output_item.added", item: { ...item, content: [] } },
      ...Array.from({ length: count }, () => ({ type: "response.output_text.delta", delta: word })),
      { type: "response.output_item.done", item: { ...item, content: [{ type: "output_text", text }] } },
      completed({ output: count }),
    ],
  };
}
