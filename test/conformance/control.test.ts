// The corpus against a relay that passes bytes on as they come: every rule of the strict reader is
// broken by some case, so a proxy that let such bytes through would be seen.

import assert from "node:assert/strict";
import { once } from "node:events";
import net from "node:net";
import { after, before, test } from "node:test";
import { type Relay, startRelay } from "../controls/relay.ts";
import { testKey } from "../proxy-process.ts";
import { bytesOf, type ConformanceCase, readCorpus } from "./case.ts";
import { type Recorder, type Recording, startRecorder } from "./recorder.ts";
import { assertVerdict, runCase } from "./run-case.ts";

let recorder: Recorder;
let relay: Relay;

before(async () => {
  recorder = await startRecorder();
  relay = await startRelay(recorder.port, testKey);
});

after(async () => {
  await relay.close();
  await recorder.close();
});

async function sendThroughRelay(bytes: Buffer): Promise<Recording> {
  recorder.take();
  const socket = net.connect(relay.port, "127.0.0.1");
  socket.on("error", () => {});
  socket.resume();
  socket.end(bytes);
  await once(socket, "close");
  return recorder.take();
}

test("behind a relay the recorder finds every kind of ambiguity that it knows", async () => {
  const found = new Map<string, number>();
  for (const { send } of readCorpus().flatMap((file) => file.cases)) {
    const { ambiguities } = await sendThroughRelay(bytesOf(send));
    for (const rule of ambiguities) found.set(rule, (found.get(rule) ?? 0) + 1);
  }
  assert.deepEqual([...found.keys()].sort(), [
    "bare CR",
    "bare LF",
    "chunk longer than its size",
    "chunk size",
    "endless line",
    "header name",
    "header value",
    "header without colon",
    "length",
    "method",
    "not exactly one Authorization",
    "not exactly one Host",
    "not exactly one framing",
    "obs-fold",
    "request line not of three words",
    "request-target not in origin-form",
    "trailer",
    "transfer coding",
    "version",
  ]);
  const total = [...found.values()].reduce((sum, count) => sum + count, 0);
  assert.ok(total > 300, `${total} cases were ambiguous`);
});

test("the verdicts fail behind a relay", async () => {
  const ids = [
    "chunked/extension-with-lf-that-hides-data",
    "content-length/twice-different",
    "field-syntax/fold-by-space",
    "host/twice-different",
    "target/absolute-form-another-host",
    "transfer-encoding/after-length",
  ];
  const cases = readCorpus().flatMap((file) => file.cases);
  for (const id of ids) {
    const one = cases.find((known) => known.id === id) as ConformanceCase;
    const observation = await runCase(one, relay.port, recorder);
    assert.throws(() => assertVerdict(one, observation, recorder.port), assert.AssertionError, id);
    assert.notDeepEqual(observation.recording.ambiguities, [], id);
  }
});
