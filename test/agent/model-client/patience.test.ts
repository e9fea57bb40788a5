// How long is waited: what the service asks for in words, and what is waited without a word of it.

import assert from "node:assert/strict";
import { test } from "node:test";
import { systemClock } from "../../../agent/clock.ts";
import { backoffMs } from "../../../agent/model-client/backoff.ts";
import { hintedWaitMs } from "../../../agent/model-client/patience.ts";

test("a time in words is read in every form in which the service writes it", () => {
  const forms: readonly (readonly [text: string, ms: number | undefined])[] = [
    ["Please try again in 11.054s. Visit https://example.com", 11_054],
    ["Please try again in 250ms.", 250],
    ["try again in 2 seconds", 2_000],
    ["Try again in 6m0s.", 360_000],
    ["try again in 1h2m3.5s", 3_723_500],
    ["try again in 1 minute, 5 seconds", 65_000],
    ["try again in 2 days 3 hours.", 183_600_000],
    ["try again in 5 more requests", undefined],
    ["try again in a moment", undefined],
    ["wait for 3s", undefined],
  ];
  assert.deepEqual(
    forms.map(([text]) => [text, hintedWaitMs(text)]),
    forms,
  );
});

test("waits double, up to ten minutes, however many repetitions are allowed", () => {
  const clock = { ...systemClock, random: () => 0.5 };
  assert.deepEqual(
    [1, 2, 3, 12, 13, 100].map((repetition) => backoffMs(repetition, clock)),
    [200, 400, 800, 409_600, 600_000, 600_000],
  );
});
