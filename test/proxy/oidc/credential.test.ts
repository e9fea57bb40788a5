// When a token is renewed, with time in our hands: before it expires, after a refusal, one renewal at a
// time, and what requests are told while there is none.

import assert from "node:assert/strict";
import { beforeEach, describe, mock, test } from "node:test";
import { RenewedCredential, renewAfterMs } from "../../../proxy/oidc/credential.ts";

const minuteMs = 60_000;

let nowMs = 0;
let renewals: { resolve(lifetimeMs: number): void; reject(error: Error): void }[];
let failures: [message: string, isUsable: boolean][];

beforeEach(() => {
  nowMs = 0;
  renewals = [];
  failures = [];
  mock.timers.reset();
  mock.timers.enable({ apis: ["setTimeout"] });
});

function makeCredential(): RenewedCredential {
  return new RenewedCredential({
    renew: () => new Promise((resolve, reject) => renewals.push({ resolve, reject })),
    onFailure: (error, isUsable) => failures.push([error.message, isUsable]),
    now: () => nowMs,
  });
}

async function pass(ms: number): Promise<void> {
  nowMs += ms;
  mock.timers.tick(ms);
  await settle();
}

const settle = () => new Promise((resolve) => setImmediate(resolve));

async function started(lifetimeMs: number): Promise<RenewedCredential> {
  const credential = makeCredential();
  const start = credential.start();
  renewals.shift()?.resolve(lifetimeMs);
  await start;
  return credential;
}

async function outcome(ready: Promise<void> | undefined): Promise<string> {
  if (ready === undefined) return "goes out";
  return ready.then(
    () => "waited",
    (error) => `${error.statusCode} ${error.message}`,
  );
}

const unavailable = "503 workload identity renewal temporarily unavailable; retry later";

test("it is renewed at 80 % of its life or a minute before its end, but never in its first half", () => {
  const cases = [3600_000, 120 * minuteMs, 4 * minuteMs, 100_000, 60_000, 4_000];
  assert.deepEqual(cases.map(renewAfterMs), [2_880_000, 96 * minuteMs, 3 * minuteMs, 50_000, 30_000, 2_000]);
  assert.equal(renewAfterMs(365 * 24 * 60 * minuteMs), 2_147_483_647);
});

test("while a token is good, requests go out at once, also during its renewal", async () => {
  const credential = await started(100_000);
  assert.equal(credential.ready(), undefined);
  await pass(49_999);
  assert.equal(renewals.length, 0);
  await pass(1);
  assert.equal(renewals.length, 1);
  assert.equal(credential.ready(), undefined);
  renewals.shift()?.resolve(100_000);
  await settle();
  assert.equal(credential.generation, 2);
  await pass(50_000);
  assert.equal(renewals.length, 1);
});

test("the life of a token counts from the moment at which it was asked for", async () => {
  const credential = makeCredential();
  const start = credential.start();
  nowMs += 900;
  renewals.shift()?.resolve(1_000);
  await start;
  nowMs += 100;
  assert.notEqual(credential.ready(), undefined);
});

describe("after a refusal", () => {
  test("the next requests wait for one new token together, and then go out", async () => {
    const credential = await started(3600_000);
    credential.refused(1);
    assert.equal(renewals.length, 0, "nobody needs one yet");
    const waiting = [credential.ready(), credential.ready()].map(outcome);
    assert.equal(renewals.length, 1);
    renewals.shift()?.resolve(3600_000);
    assert.deepEqual(await Promise.all(waiting), ["waited", "waited"]);
    assert.equal(credential.ready(), undefined);
  });

  test("that comes late, when the token was renewed already, the new one is kept", async () => {
    const credential = await started(3600_000);
    credential.refused(1);
    const waiting = credential.ready();
    renewals.shift()?.resolve(3600_000);
    await waiting;
    credential.refused(1);
    assert.equal(credential.ready(), undefined);
  });

  test("a request whose token cannot be had is told to retry", async () => {
    const credential = await started(3600_000);
    credential.refused(1);
    const waiting = outcome(credential.ready());
    renewals.shift()?.reject(new Error("no"));
    assert.equal(await waiting, unavailable);
    assert.deepEqual(failures, [["no", false]]);
  });
});

test("a failed renewal leaves the token in use until it expires; then requests are refused until one succeeds", async () => {
  const credential = await started(100_000);
  await pass(50_000);
  renewals.shift()?.reject(new Error("no"));
  await settle();
  assert.deepEqual(failures, [["no", true]]);
  assert.equal(credential.ready(), undefined);

  // 1, 2, 4, 8, 16, 32 s and from then on 60 s apart
  for (const waitMs of [1_000, 2_000, 4_000, 8_000, 16_000]) {
    await pass(waitMs - 1);
    assert.equal(renewals.length, 0);
    await pass(1);
    renewals.shift()?.reject(new Error("no"));
    await settle();
  }
  assert.equal(credential.ready(), undefined);
  await pass(19_000);
  assert.equal(await outcome(credential.ready()), unavailable, "expired, and no attempt is due");
  assert.equal(renewals.length, 0);

  await pass(13_000);
  const waiting = outcome(credential.ready());
  renewals.shift()?.resolve(100_000);
  assert.equal(await waiting, "waited");
  assert.equal(credential.ready(), undefined);
});

test("attempts are at most a minute apart", async () => {
  await started(100_000);
  await pass(50_000);
  for (let i = 0; i < 8; i++) {
    renewals.shift()?.reject(new Error("no"));
    await settle();
    await pass(minuteMs);
    assert.equal(renewals.length, 1);
  }
});

test("a start that fails says why", async () => {
  const credential = makeCredential();
  const start = credential.start();
  renewals.shift()?.reject(new Error("no such job"));
  await assert.rejects(start, /no such job/);
});
