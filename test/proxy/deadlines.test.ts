// Time limits on a common timer: never early, and none left behind.

import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { Deadlines } from "../../proxy/deadlines.ts";

/** Resolves with the time that passed until the deadline expired. */
function expiry(deadlines: Deadlines, limitMs: number): Promise<number> {
  const start = performance.now();
  return new Promise((resolve) => {
    deadlines.watch(limitMs, () => resolve(performance.now() - start));
  });
}

test("a limit expires once, and not early", async () => {
  const deadlines = new Deadlines([40, 100]);
  let calls = 0;
  deadlines.watch(40, () => calls++);
  const [short, long] = await Promise.all([expiry(deadlines, 40), expiry(deadlines, 100)]);
  assert.ok(short >= 40 && long >= 100, `${short} ms and ${long} ms`);
  await sleep(100);
  assert.equal(calls, 1);
});

test("a refresh begins the time anew", async () => {
  const deadlines = new Deadlines([200]);
  let hasExpired = false;
  const deadline = deadlines.watch(200, () => {
    hasExpired = true;
  });
  for (let i = 0; i < 6; i++) {
    await sleep(50);
    deadline.refresh();
  }
  assert.equal(hasExpired, false);
  deadline.stop();
});

test("one that is stopped, and one of zero, never expire and keep no process alive", async () => {
  const deadlines = new Deadlines([20, 0]);
  let calls = 0;
  deadlines.watch(20, () => calls++).stop();
  deadlines.watch(0, () => calls++).refresh();
  await sleep(100);
  assert.equal(calls, 0);
});

test("one that stops another in its callback is obeyed", async () => {
  const deadlines = new Deadlines([20]);
  const calls: string[] = [];
  deadlines.watch(20, () => {
    calls.push("first");
    second.stop();
  });
  const second = deadlines.watch(20, () => calls.push("second"));
  await sleep(100);
  assert.deepEqual(calls, ["first"]);
});
