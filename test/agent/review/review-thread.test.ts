// What a listener hears of a review.

import assert from "node:assert/strict";
import { test } from "node:test";
import { reviewListener } from "../../../agent/review/review-thread.ts";
import type { ThreadEvent } from "../../../agent/thread/thread-events.ts";

function heard(events: readonly ThreadEvent[]): readonly ThreadEvent[] {
  const told: ThreadEvent[] = [];
  const listener = reviewListener((event) => told.push(event));
  for (const event of events) listener(event);
  return told;
}

const message = (id: string, text: string): ThreadEvent => ({
  type: "item.completed",
  item: { id, type: "agent_message", text },
});
const reasoning: ThreadEvent = {
  type: "item.completed",
  item: { id: "r", type: "reasoning", text: "hm" },
};
const answer = '{"findings":[],"overall_explanation":"Fine."}';
const completed = (lastAgentMessage: string | undefined): ThreadEvent => ({
  type: "turn.completed",
  turnId: "t",
  totalUsage: undefined,
  lastAgentMessage,
});

test("the last message is told as a review, those before it as they are, and no piece of the JSON", () => {
  assert.deepEqual(
    heard([
      { type: "item.started", item: { id: "a", type: "agent_message", text: "" } },
      { type: "item.delta", itemId: "a", delta: "Loo" },
      message("a", "Looking."),
      reasoning,
      { type: "item.started", item: { id: "b", type: "agent_message", text: "" } },
      { type: "item.delta", itemId: "b", delta: "{" },
      message("b", answer),
      completed(answer),
    ]),
    [message("a", "Looking."), reasoning, message("b", "Fine."), completed("Fine.")],
  );
});

test("a turn without a message has a review that says so", () => {
  const text = "The reviewing model gave no answer.";
  assert.deepEqual(heard([completed(undefined)]), [message("review", text), completed(text)]);
});

test("what was said before a turn was interrupted is told", () => {
  const interrupted: ThreadEvent = { type: "turn.interrupted", turnId: "t" };
  assert.deepEqual(heard([message("a", "Looking."), interrupted]), [message("a", "Looking."), interrupted]);
});
