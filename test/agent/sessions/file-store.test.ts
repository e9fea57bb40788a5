import assert from "node:assert/strict";
import fs from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, test } from "node:test";
import type { Clock } from "../../../agent/clock.ts";
import { createStore, type FileStore, reopenStore } from "../../../agent/sessions/file-store.ts";
import type { RolloutEntry, SessionMeta } from "../../../agent/sessions/rollout-entry.ts";

const id = "019a0b1c-2d3e-7f40-8a5b-6c7d8e9f0a1b";
const startedAt = new Date(2025, 9, 28, 13, 4, 5);
const nowMs = Date.UTC(2025, 9, 28, 14, 0, 0, 7);
const clock: Clock = { now: () => nowMs, sleep: async () => {}, after: () => () => {}, random: () => 0.5 };

const meta: SessionMeta = {
  id,
  timestamp: startedAt.toISOString(),
  cwd: "/work/demo",
  originator: "codex_exec",
  cli_version: "0.50.0",
  instructions: null,
  source: "exec",
  git: { branch: "main" },
};
const says = (message: string): RolloutEntry => ({
  type: "event_msg",
  payload: { type: "agent_message", message },
});
const line = (entry: RolloutEntry) => JSON.stringify({ timestamp: "2025-10-28T14:00:00.007Z", ...entry });
const metaLine = line({ type: "session_meta", payload: meta });

describe("the record of a session", () => {
  let folder: string;
  let codexHome: string;
  let warnings: string[];
  const warn = (message: string) => void warnings.push(message);
  const open: FileStore[] = [];

  beforeEach(() => {
    folder = fs.mkdtempSync(join(tmpdir(), "codex-store-"));
    codexHome = join(folder, "home");
    warnings = [];
  });
  afterEach(async () => {
    for (const store of open.splice(0)) await store.close();
    fs.rmSync(folder, { recursive: true, force: true });
  });

  async function create(more: { isEphemeral?: boolean; meta?: SessionMeta } = {}): Promise<FileStore> {
    const store = await createStore({ codexHome, meta, warn, clock, ...more });
    open.push(store);
    return store;
  }
  function recorded(file: string, size = fs.statSync(file).size, wholeSize = size) {
    const rest = { totalUsage: undefined, lastUsage: undefined, contextTokens: 0, lastContext: undefined };
    return { id, file, size, wholeSize, meta, history: [], entries: [], warnings: [], ...rest };
  }
  async function reopen(file: string, size?: number, wholeSize?: number): Promise<FileStore> {
    const store = await reopenStore(recorded(file, size, wholeSize), { warn, clock });
    open.push(store);
    return store;
  }
  const linesOf = (file: string) => fs.readFileSync(file, "utf8").split("\n");

  test("lies in a file for its owner alone, in folders for its owner alone, meta data first", async () => {
    const store = await create();
    const day = join(codexHome, "sessions/2025/10/28");
    assert.equal(store.file, join(day, `rollout-2025-10-28T13-04-05-${id}.jsonl`));
    assert.equal(fs.existsSync(codexHome), false, "nothing is made before there is something to keep");
    store.append(says("one"), says("two"));
    store.append(says("three"));
    await store.flush();
    assert.deepEqual(linesOf(store.file), [
      metaLine,
      ...["one", "two", "three"].map((t) => line(says(t))),
      "",
    ]);
    assert.equal(fs.statSync(store.file).mode & 0o777, 0o600);
    for (let at = day; at !== folder; at = dirname(at)) assert.equal(fs.statSync(at).mode & 0o777, 0o700, at);
    await store.close();
    assert.deepEqual(fs.readdirSync(day), [`rollout-2025-10-28T13-04-05-${id}.jsonl`]);
    assert.deepEqual(warnings, []);
  });

  test("is nowhere when the session is ephemeral", async () => {
    const store = await create({ isEphemeral: true });
    store.append(says("one"));
    await store.close();
    assert.equal(store.file, undefined);
    assert.equal(fs.existsSync(codexHome), false);
  });

  test("keeps ten thousand entries in their order, whoever waits for what in between", async () => {
    const store = await create();
    const texts = Array.from({ length: 10_000 }, (_, index) => String(index));
    for (const [index, text] of texts.entries()) {
      store.append(says(text));
      if (index % 500 === 0) await store.flush();
      if (index % 377 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    await store.flush();
    assert.deepEqual(
      linesOf(store.file as string).slice(1, -1),
      texts.map((text) => line(says(text))),
    );
  });

  test("is JSON that the original can read, whatever characters the model sends", async () => {
    const store = await create();
    store.append(says("half \ud83d and \\ud83d and whole \u{1f600} \u2028 \0"));
    await store.flush();
    const written = linesOf(store.file as string)[1] as string;
    assert.equal(
      JSON.parse(written).payload.message,
      "half \ufffd and \\ud83d and whole \u{1f600} \u2028 \0",
    );
    assert.doesNotMatch(written.replaceAll("\\\\", ""), /\\ud/);
  });

  test("goes on in the same file, which becomes private", async () => {
    const store = await create();
    store.append(says("one"));
    await store.close();
    const file = store.file as string;
    fs.chmodSync(file, 0o644);
    const again = await reopen(file);
    again.append(says("two"));
    await again.close();
    assert.deepEqual(linesOf(file), [metaLine, line(says("one")), line(says("two")), ""]);
    assert.equal(fs.statSync(file).mode & 0o777, 0o600);
  });

  test("goes on behind the last whole line when a line was cut off", async () => {
    const store = await create();
    store.append(says("one"));
    await store.close();
    const file = store.file as string;
    const { size } = fs.statSync(file);
    fs.appendFileSync(file, '{"timestamp":"2025-');
    const again = await reopen(file, fs.statSync(file).size, size);
    again.append(says("two"));
    await again.close();
    assert.deepEqual(linesOf(file), [metaLine, line(says("one")), line(says("two")), ""]);
  });

  test("goes on behind a last line that lacks nothing but its end", async () => {
    const store = await create();
    store.append(says("one"));
    await store.close();
    const file = store.file as string;
    fs.truncateSync(file, fs.statSync(file).size - 1);
    const again = await reopen(file);
    again.append(says("two"));
    await again.close();
    assert.deepEqual(linesOf(file), [metaLine, line(says("one")), line(says("two")), ""]);
  });

  test("has one writer: a second one is refused while the first is at work, and not after it", async () => {
    const store = await create();
    store.append(says("one"));
    await store.flush();
    const file = store.file as string;
    await assert.rejects(reopenStore(recorded(file), { warn, clock }), { code: "SESSION_IN_USE" });
    store.append(says("two"));
    await store.close();
    const again = await reopen(file);
    again.append(says("three"));
    await again.close();
    assert.deepEqual(
      linesOf(file).slice(1, -1),
      ["one", "two", "three"].map((text) => line(says(text))),
    );
  });

  test("is not written to by whoever has read it before somebody else went on", async () => {
    const store = await create();
    store.append(says("one"));
    await store.close();
    const old = recorded(store.file as string);
    fs.appendFileSync(old.file, `${line(says("of another"))}\n`);
    await assert.rejects(reopenStore(old, { warn, clock }), { code: "SESSION_IN_USE" });
  });
});
