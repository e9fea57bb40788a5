// How full the model's window is at the end of a record: by the last count, and by what it does not contain.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { type InputItem, userMessage } from "../../../agent/model-client/items.ts";
import { replay } from "../../../agent/sessions/replay.ts";
import type { RolloutEntry } from "../../../agent/sessions/rollout-entry.ts";

const says = (text: string): InputItem => userMessage([{ type: "input_text", text }]);
const item = (text: string) => ({ type: "response_item", payload: says(text) }) as RolloutEntry;

function count(total: number, last: number): RolloutEntry {
  const usage = (tokens: number) => ({
    ...{ input_tokens: tokens, cached_input_tokens: 0, output_tokens: 0, reasoning_output_tokens: 0 },
    total_tokens: tokens,
  });
  const info = { total_token_usage: usage(total), last_token_usage: usage(last), model_context_window: null };
  const limits = { primary: null, secondary: null };
  return { type: "event_msg", payload: { type: "token_count", info, rate_limits: limits } } as RolloutEntry;
}

const summary: RolloutEntry = {
  type: "compacted",
  payload: { message: "SUMMARY", replacement_history: [says("SUMMARY")] },
};

const counted = [item("go"), count(240_000, 240_000)];

describe("a record that is replayed", () => {
  test("is as large as it was counted last, and what has come since", () => {
    assert.equal(replay(counted).contextTokens, 240_000);
    const { contextTokens } = replay([...counted, item("x".repeat(40_000)), count(240_000, 240_000)]);
    assert.ok(contextTokens > 250_000 && contextTokens < 250_100, String(contextTokens));
  });

  test("is no larger than its summary, whatever the summary has cost", () => {
    const { contextTokens } = replay([...counted, count(485_000, 245_000), summary]);
    assert.ok(contextTokens > 0 && contextTokens < 100, String(contextTokens));
    assert.equal(
      replay([...counted, count(485_000, 245_000), summary, item("on"), count(486_000, 1_000)]).contextTokens,
      1_000,
    );
  });

  test("is estimated where nobody has counted it", () => {
    const { contextTokens } = replay([item("x".repeat(4_000))]);
    assert.ok(contextTokens > 1_000 && contextTokens < 1_100, String(contextTokens));
    assert.equal(replay([]).contextTokens, 0);
  });
});
