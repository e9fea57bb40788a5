import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import fs from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { afterEach, beforeEach, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { archiveThread, deleteThread } from "../../../agent/sessions/archive.ts";
import { catalogName } from "../../../agent/sessions/catalog.ts";
import { createStore, reopenStore } from "../../../agent/sessions/file-store.ts";
import { readRollout } from "../../../agent/sessions/read-rollout.ts";
import type { RolloutEntry, SessionMeta } from "../../../agent/sessions/rollout-entry.ts";
import { rolloutPath } from "../../../agent/sessions/rollout-path.ts";
import { listThreads } from "../../../agent/sessions/threads.ts";

const writerProcess = fileURLToPath(new URL("writer-process.js", import.meta.url));
const isRoot = process.geteuid?.() === 0;
const needsRoot = isRoot ? false : "only root can mount and give files away";
const id = "019a0b1c-2d3e-7f40-8a5b-6c7d8e9f0a1b";
const meta: SessionMeta = {
  id,
  timestamp: "2025-10-28T13:04:05.000Z",
  cwd: "/work/demo",
  originator: "codex_exec",
  cli_version: "0.50.0",
  instructions: null,
  source: "exec",
  git: {},
};
const says = (message: string): RolloutEntry => ({
  type: "event_msg",
  payload: { type: "agent_message", message },
});
const asks = (message: string): RolloutEntry => ({
  type: "event_msg",
  payload: { type: "user_message", message },
});

describe("the record of a session under attack", () => {
  let folder: string;
  let codexHome: string;
  let warnings: string[];
  const warn = (message: string) => void warnings.push(message);
  const children: { kill(signal: "SIGKILL"): unknown }[] = [];
  const mounts: string[] = [];

  beforeEach(() => {
    folder = fs.mkdtempSync(join(tmpdir(), "codex-attack-"));
    codexHome = join(folder, "home");
    fs.mkdirSync(codexHome);
    warnings = [];
  });
  afterEach(() => {
    for (const child of children.splice(0)) child.kill("SIGKILL");
    for (const mount of mounts.splice(0)) execFileSync("umount", ["-l", mount]);
    fs.rmSync(folder, { recursive: true, force: true });
  });

  const create = () => createStore({ codexHome, meta, warn });
  const pathOfNew = () => rolloutPath(codexHome, id, new Date(meta.timestamp));
  function mountOn(path: string, size: string): void {
    execFileSync("mount", ["-t", "tmpfs", "-o", `size=${size},mode=700`, "tmpfs", path]);
    mounts.push(path);
  }
  function start(...args: string[]) {
    const child = spawn(process.execPath, [writerProcess, ...args], { stdio: ["pipe", "pipe", "inherit"] });
    children.push(child);
    return child;
  }
  const messagesOf = (entries: readonly RolloutEntry[]) =>
    entries.slice(1).map(({ payload }) => Number((payload as { message: string }).message.split(" ")[0]));

  test("has no gap and nothing half read when its writer is killed again and again", async () => {
    let file = "-";
    for (let round = 1; round <= 12; round++) {
      const child = start("write", codexHome, file);
      const [line] = (await once(createInterface(child.stdout), "line")) as [string];
      file = line;
      const before = fs.existsSync(file) ? fs.statSync(file).size : 0;
      const wanted = before + round * 700_001;
      while (!fs.existsSync(file) || fs.statSync(file).size < wanted) await sleep(1);
      child.kill("SIGKILL");
      await once(child, "close");
      const { entries } = await readRollout(file);
      const messages = messagesOf(entries);
      assert.ok(messages.length > 0);
      assert.deepEqual(
        messages,
        Array.from({ length: messages.length }, (_, index) => index + 1),
      );
    }
    const recorded = await readRollout(file);
    const store = await reopenStore(recorded, { warn });
    store.append(says("the end"));
    await store.close();
    const after = await readRollout(file);
    assert.deepEqual([after.entries.length, after.warnings], [recorded.entries.length + 1, []]);
    assert.deepEqual(fs.readdirSync(dirname(file)), [basename(file)], "no lock of the killed is left");
    assert.deepEqual(warnings, []);
  });

  test("goes on behind every byte at which it can be cut off", async () => {
    const store = await create();
    store.append(asks("a"), says("grüße \u{1f600}"));
    await store.close();
    const file = store.file as string;
    const bytes = fs.readFileSync(file);
    const first = bytes.indexOf(0x0a);
    for (let cut = first; cut <= bytes.length; cut += 1) {
      fs.writeFileSync(file, bytes.subarray(0, cut));
      const recorded = await readRollout(file);
      const again = await reopenStore(recorded, { warn });
      again.append(says("next"));
      await again.close();
      const { entries, warnings: left } = await readRollout(file);
      assert.deepEqual(left, [], `cut at ${cut}`);
      assert.deepEqual(entries.slice(0, -1), recorded.entries, `cut at ${cut}`);
      assert.deepEqual(entries.at(-1)?.payload, says("next").payload);
    }
  });

  test("is had by one of several processes that go on with it at once", async () => {
    const store = await create();
    store.append(asks("a"));
    await store.close();
    const holders = Array.from({ length: 5 }, () => start("hold", store.file as string));
    const answers = holders.map(async (child) => (await once(createInterface(child.stdout), "line"))[0]);
    assert.deepEqual((await Promise.all(answers)).sort(), [...Array(4).fill("SESSION_IN_USE"), "has it"]);
  });

  test("has neither a torn line nor a gap when the disk is full for a while", {
    skip: needsRoot,
  }, async () => {
    mountOn(codexHome, "256k");
    const lineOf = (number: number) => says(`${number} ${"x".repeat(10_000)}`);
    const store = await create();
    store.append(lineOf(1));
    await store.flush();
    fs.writeFileSync(join(codexHome, "filler"), "");
    assert.throws(() => fs.appendFileSync(join(codexHome, "filler"), Buffer.alloc(1024 * 1024)), {
      code: "ENOSPC",
    });
    // The control: who just appends leaves half a line behind.
    fs.truncateSync(join(codexHome, "filler"), 180 * 1024);
    const naive = join(codexHome, "naive.jsonl");
    assert.throws(() => fs.appendFileSync(naive, `${"y".repeat(100_000)}\n`), { code: "ENOSPC" });
    assert.ok(fs.statSync(naive).size > 0);
    fs.rmSync(naive);
    for (let number = 2; number <= 12; number++) {
      store.append(lineOf(number));
      await store.flush();
    }
    const torn = await readRollout(store.file as string);
    assert.deepEqual(torn.warnings, []);
    assert.ok(torn.entries.length < 13);
    assert.deepEqual(warnings, [
      `this session cannot be recorded in ${store.file}: No space left on device (os error 28)`,
    ]);
    fs.rmSync(join(codexHome, "filler"));
    store.append(lineOf(13));
    await store.close();
    const { entries } = await readRollout(store.file as string);
    assert.deepEqual(
      messagesOf(entries),
      Array.from({ length: 13 }, (_, index) => index + 1),
    );
    assert.equal(warnings.length, 1);
  });

  test("is whole when the disk was full at its start, and has room later", { skip: needsRoot }, async () => {
    mountOn(codexHome, "128k");
    const store = await create();
    fs.mkdirSync(dirname(store.file as string), { recursive: true });
    store.append(says("x".repeat(100)));
    const filler = join(codexHome, "filler");
    assert.throws(() => fs.appendFileSync(filler, Buffer.alloc(1024 * 1024)), { code: "ENOSPC" });
    fs.truncateSync(filler, fs.statSync(filler).size - 4096); // room for the lock, and no more
    await store.flush();
    assert.equal(warnings.length, 1);
    assert.deepEqual(fs.readdirSync(dirname(store.file as string)), []);
    fs.truncateSync(filler, 0);
    await store.close();
    const { entries } = await readRollout(store.file as string);
    assert.deepEqual(
      entries.map(({ type }) => String(type)),
      ["session_meta", "event_msg"],
    );
  });

  test("can be deleted on a full disk, to make room, though no lock can be made there", {
    skip: needsRoot,
  }, async () => {
    mountOn(codexHome, "64k");
    const store = await create();
    store.append(says("one"));
    await store.flush();
    assert.throws(() => fs.appendFileSync(join(codexHome, "filler"), Buffer.alloc(1024 * 1024)), {
      code: "ENOSPC",
    });
    await assert.rejects(deleteThread({ codexHome, id }), { code: "SESSION_IN_USE" });
    await store.close();
    await deleteThread({ codexHome, id });
    assert.equal(fs.existsSync(store.file as string), false);
  });

  test("costs nothing but a warning in a home that cannot be written to", async () => {
    const store = await create();
    store.append(asks("a"));
    await store.close();
    const bytes = fs.readFileSync(store.file as string);
    fs.rmSync(codexHome, { recursive: true });
    fs.mkdirSync(codexHome);
    if (isRoot) mountOn(codexHome, "1m");
    fs.mkdirSync(dirname(store.file as string), { recursive: true });
    fs.writeFileSync(store.file as string, bytes, { mode: 0o400 });
    if (isRoot) execFileSync("mount", ["-o", "remount,ro", codexHome]);
    else
      for (let at = dirname(store.file as string); at !== folder; at = dirname(at)) fs.chmodSync(at, 0o500);

    const recorded = await readRollout(store.file as string);
    const again = await reopenStore(recorded, { warn });
    const other = await createStore({ codexHome, meta: { ...meta, id: id.replace("a1b", "a1c") }, warn });
    for (const one of [again, other]) {
      one.append(says("b"));
      await one.flush();
      one.append(says("c"));
      await one.close();
    }
    const reason = isRoot ? "Read-only file system (os error 30)" : "Permission denied (os error 13)";
    assert.deepEqual(
      warnings,
      [again, other].map(({ file }) => `this session cannot be recorded in ${file}: ${reason}`),
    );
    assert.deepEqual(fs.readFileSync(store.file as string), bytes);
    assert.equal((await listThreads({ codexHome })).threads.length, 1);
    await assert.rejects(archiveThread({ codexHome, idOrName: id }), {
      code: "SESSION_NOT_CHANGED",
      message: `cannot move the session ${id}: ${reason}`,
    });
    if (!isRoot)
      for (let at = dirname(store.file as string); at !== folder; at = dirname(at)) fs.chmodSync(at, 0o700);
  });

  test("goes through no link that was put in the place of its file", async () => {
    const victim = join(folder, "victim");
    fs.writeFileSync(victim, "precious\n");
    fs.mkdirSync(dirname(pathOfNew()), { recursive: true });
    fs.symlinkSync(victim, pathOfNew());
    const store = await create();
    store.append(says("a"));
    await store.close();
    assert.match(warnings.join(), /^this session cannot be recorded in .*file already exists/);
    assert.equal(fs.readFileSync(victim, "utf8"), "precious\n");
    assert.ok(fs.lstatSync(pathOfNew()).isSymbolicLink());
    // The control: who opens the file by its name alone writes into the other one.
    fs.appendFileSync(pathOfNew(), "line\n");
    assert.equal(fs.readFileSync(victim, "utf8"), "precious\nline\n");
  });

  test("neither reads nor goes on in a link, a FIFO or a folder, and waits for none of them", async () => {
    const store = await create();
    store.append(asks("a"));
    await store.close();
    const file = store.file as string;
    const recorded = await readRollout(file);
    const elsewhere = join(folder, "elsewhere.jsonl");
    fs.renameSync(file, elsewhere);
    const plant: readonly (() => void)[] = [
      () => fs.symlinkSync(elsewhere, file),
      () => void execFileSync("mkfifo", [file]),
      () => fs.mkdirSync(file),
    ];
    const before = fs.readFileSync(elsewhere);
    for (const put of plant) {
      put();
      await assert.rejects(readRollout(file), { name: "SessionError" });
      assert.deepEqual((await listThreads({ codexHome })).threads, []);
      const again = await reopenStore(recorded, { warn }).catch(({ code }) => code);
      if (again !== "SESSION_UNSAFE") {
        again.append(says("b"));
        await again.close();
        assert.equal(warnings.length, 1);
      }
      fs.rmSync(file, { recursive: true });
    }
    assert.deepEqual(fs.readFileSync(elsewhere), before);
  });

  test("lies where the user's own link leads, and not in the folder of another", {
    skip: needsRoot,
  }, async () => {
    const other = join(folder, "other");
    fs.mkdirSync(other);
    fs.symlinkSync(other, join(codexHome, "sessions"));
    fs.chownSync(other, 4711, 4711);
    const refused = await create();
    refused.append(says("a"));
    await refused.close();
    assert.match(warnings.join(), /the folder .*\/home\/sessions belongs to another user$/);
    assert.deepEqual(fs.readdirSync(other), []);
    fs.chownSync(other, 0, 0);
    const kept = await create();
    kept.append(says("a"));
    await kept.close();
    assert.deepEqual(fs.readdirSync(other), ["2025"]);
    assert.equal(warnings.length, 1);
  });

  test("of another user is neither listed nor read", { skip: needsRoot }, async () => {
    const store = await create();
    store.append(asks("planted"));
    await store.close();
    assert.equal((await listThreads({ codexHome })).threads.length, 1);
    fs.chownSync(store.file as string, 4711, 4711);
    assert.deepEqual((await listThreads({ codexHome })).threads, []);
    await assert.rejects(readRollout(store.file as string), { code: "SESSION_UNSAFE" });
  });

  test("belongs to the user in whose home root has written it", { skip: needsRoot }, async () => {
    fs.chownSync(codexHome, 4711, 4712);
    const store = await create();
    store.append(asks("a"));
    await store.close();
    for (let at = store.file as string; at !== folder; at = dirname(at)) {
      const { uid, gid } = fs.statSync(at);
      assert.deepEqual([uid, gid], [4711, 4712], at);
    }
  });

  test("brings nothing into a list that a terminal would obey", async () => {
    const store = await create();
    store.append(asks("\u001b]52;c;aGk=\u0007\nsecond\u202eline"));
    await store.close();
    const [thread] = (await listThreads({ codexHome })).threads;
    assert.equal(thread?.preview, "]52;c;aGk= second line");
    assert.equal(fs.existsSync(join(codexHome, catalogName)), false);
  });
});
