// Refusals in the log: the first few of a kind, then their number.

import assert from "node:assert/strict";
import { test } from "node:test";
import { RefusalLog } from "../../../proxy/access/refusal-log.ts";

const collect = () => {
  const lines: string[] = [];
  return { lines, log: new RefusalLog((line) => lines.push(line)) };
};

test("three of a kind are said, the rest is counted, and then it begins anew", () => {
  const { lines, log } = collect();
  for (let i = 0; i < 1000; i++) log.note("uid 1 (a)", "not allowed");
  log.note("uid 1 (a)", "another reason");
  log.note("uid 2", "not allowed");
  log.sumUp();
  log.note("uid 1 (a)", "not allowed");
  assert.deepEqual(lines, [
    ...Array(3).fill("codex: refused uid 1 (a): not allowed"),
    "codex: refused uid 1 (a): another reason",
    "codex: refused uid 2: not allowed",
    "codex: refused uid 1 (a): not allowed: 997 more within 60 s",
    "codex: refused uid 1 (a): not allowed",
  ]);
});

test("kinds without end are counted together", () => {
  const { lines, log } = collect();
  for (let uid = 0; uid < 5000; uid++) log.note(`uid ${uid}`, "not allowed");
  assert.equal(lines.length, 200);
  log.sumUp();
  assert.deepEqual(lines.slice(200), ["codex: refused others: by the same rules: 4800 more within 60 s"]);
});
