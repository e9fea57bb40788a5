// What is said of the rounds of a run.

import assert from "node:assert/strict";
import { test } from "node:test";
import { summariseRounds } from "../../bench/results.ts";
import { summarise } from "../../bench/statistics.ts";

test("of an odd number of rounds the median is the middle one, whatever their order", () => {
  assert.deepEqual(summarise([9, 1, 5]), { median: 5, min: 1, max: 9 });
});

test("of an even number of rounds the median lies between the two in the middle", () => {
  assert.deepEqual(summarise([4, 1, 10, 2]), { median: 3, min: 1, max: 10 });
});

test("one round is its own median, lowest and highest", () => {
  assert.deepEqual(summarise([7]), { median: 7, min: 7, max: 7 });
});

test("no round at all is refused instead of being counted as nothing", () => {
  assert.throws(() => summarise([]), RangeError);
});

test("a figure that some rounds lack is summed up from those that have it", () => {
  const one = { median: 1, min: 1, max: 1 };
  assert.deepEqual(summariseRounds([{ a: 1, b: 4 }, { b: 6 }, {}]), {
    a: one,
    b: { median: 5, min: 4, max: 6 },
  });
});
