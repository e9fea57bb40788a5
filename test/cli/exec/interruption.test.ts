// How signals and closed outputs end a turn, without a process that would die of them.

import assert from "node:assert/strict";
import { EventEmitter } from "node:events";
import os from "node:os";
import { test } from "node:test";
import { outputIsClosed } from "../../../cli/closed-output.ts";
import { listenForInterruption } from "../../../cli/exec/interruption.ts";

class FakeProcess extends EventEmitter {
  readonly pid = 4711;
  readonly killed: (readonly [pid: number, name: string])[] = [];
  kill(pid: number, name: string): void {
    this.killed.push([pid, name]);
  }
}

test("SIGINT asks for the end of the turn alone, SIGTERM and SIGHUP for that of the process", () => {
  const seen = (["SIGINT", "SIGTERM", "SIGHUP"] as const).map((name) => {
    const source = new FakeProcess();
    const interruption = listenForInterruption([], source);
    source.emit(name);
    const isAborted = interruption.signal.aborted;
    const status = interruption.end(0);
    return { name, isAborted, status, killed: source.killed, isListening: source.eventNames().length > 0 };
  });
  assert.deepEqual(seen, [
    { name: "SIGINT", isAborted: true, status: 0, killed: [], isListening: false },
    { name: "SIGTERM", isAborted: true, status: 143, killed: [[4711, "SIGTERM"]], isListening: false },
    { name: "SIGHUP", isAborted: true, status: 129, killed: [[4711, "SIGHUP"]], isListening: false },
  ]);
});

test("a second signal finds nobody who would hold it up", () => {
  const source = new FakeProcess();
  listenForInterruption([], source);
  source.emit("SIGINT");
  assert.equal(source.listenerCount("SIGINT"), 0);
});

test("a signal that the user has ignored stays ignored", () => {
  const source = new FakeProcess();
  const { SIGHUP, SIGINT } = os.constants.signals;
  const interruption = listenForInterruption([SIGHUP, SIGINT], source);
  assert.deepEqual(source.eventNames(), ["SIGTERM"]);
  interruption.release();
});

test("an output that nobody reads ends the turn, and the status is that of the output", () => {
  assert.equal(outputIsClosed(0), false, "nobody has taken over the end");
  const source = new FakeProcess();
  const interruption = listenForInterruption([], source);
  assert.equal(outputIsClosed(1), true);
  assert.equal(outputIsClosed(0), true);
  assert.deepEqual([interruption.signal.aborted, interruption.end(0)], [true, 1]);
  assert.equal(outputIsClosed(0), false);
});

test("what nothing has ended has the status that it has", () => {
  const source = new FakeProcess();
  assert.equal(listenForInterruption([], source).end(1), 1);
  assert.deepEqual(source.killed, []);
});
