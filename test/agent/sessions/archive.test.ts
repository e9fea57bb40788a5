import assert from "node:assert/strict";
import fs from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { afterEach, beforeEach, describe, test } from "node:test";
import {
  archiveThread,
  deleteThread,
  findAnyThread,
  unarchiveThread,
} from "../../../agent/sessions/archive.ts";
import { createStore, type FileStore } from "../../../agent/sessions/file-store.ts";
import { findThread, listThreads } from "../../../agent/sessions/threads.ts";

const id = "019a0b1c-2d3e-7f40-8a5b-6c7d8e9f0a1b";

describe("a session that is put aside", () => {
  let codexHome: string;
  let store: FileStore;
  let file: string;
  beforeEach(async () => {
    codexHome = fs.mkdtempSync(join(tmpdir(), "codex-archive-"));
    const meta = { id, timestamp: "2025-10-28T13:04:05.000Z", cwd: "/work/demo", originator: "codex_exec" };
    store = await createStore({
      codexHome,
      meta: { ...meta, cli_version: "0.50.0", instructions: null, source: "exec", git: {} },
      warn: (message) => assert.fail(message),
    });
    store.append({ type: "event_msg", payload: { type: "user_message", message: "hello" } });
    await store.flush();
    file = store.file as string;
  });
  afterEach(async () => {
    await store.close();
    fs.rmSync(codexHome, { recursive: true, force: true });
  });
  const ids = async (isArchived: boolean) =>
    (await listThreads({ codexHome, isArchived })).threads.map((thread) => thread.id);

  test("is in the other list, with the same bytes, and comes back to where it was", async () => {
    await store.close();
    const bytes = fs.readFileSync(file);
    const archived = join(codexHome, "archived_sessions", basename(file));
    assert.deepEqual(await archiveThread({ codexHome, idOrName: id }), { id, file: archived });
    assert.deepEqual(fs.readFileSync(archived), bytes);
    assert.equal(fs.statSync(dirname(archived)).mode & 0o777, 0o700);
    assert.deepEqual([await ids(false), await ids(true)], [[], [id]]);
    assert.equal(await findThread({ codexHome, idOrName: id }), undefined);
    assert.deepEqual(await unarchiveThread({ codexHome, idOrName: id }), { id, file });
    assert.deepEqual(fs.readFileSync(file), bytes);
    assert.deepEqual([await ids(false), await ids(true)], [[id], []]);
  });

  test("stays where it is while somebody is at work on it", async () => {
    const inUse = { code: "SESSION_IN_USE" };
    await assert.rejects(archiveThread({ codexHome, idOrName: id }), inUse);
    await assert.rejects(deleteThread({ codexHome, id }), inUse);
    assert.deepEqual(await ids(false), [id]);
  });

  test("replaces nothing that is there already", async () => {
    await store.close();
    const archived = join(codexHome, "archived_sessions", basename(file));
    fs.mkdirSync(dirname(archived));
    fs.writeFileSync(archived, "another\n");
    await assert.rejects(archiveThread({ codexHome, idOrName: id }), { code: "SESSION_NOT_CHANGED" });
    assert.equal(fs.readFileSync(archived, "utf8"), "another\n");
    assert.ok(fs.existsSync(file));
  });

  test("has one place again when its mover was killed half way", async () => {
    await store.close();
    const archived = join(codexHome, "archived_sessions", basename(file));
    fs.mkdirSync(dirname(archived));
    fs.linkSync(file, archived);
    await archiveThread({ codexHome, idOrName: id });
    assert.deepEqual([fs.existsSync(file), fs.existsSync(archived)], [false, true]);
    fs.linkSync(archived, file);
    await unarchiveThread({ codexHome, idOrName: id });
    assert.deepEqual([fs.existsSync(file), fs.existsSync(archived)], [true, false]);
  });

  test("can be deleted from either place", async () => {
    await store.close();
    await archiveThread({ codexHome, idOrName: id });
    await deleteThread({ codexHome, id });
    assert.deepEqual([await ids(false), await ids(true)], [[], []]);
  });

  test("is deleted from both places when its mover was killed half way", async () => {
    await store.close();
    const archived = join(codexHome, "archived_sessions", basename(file));
    fs.mkdirSync(dirname(archived));
    fs.linkSync(file, archived);
    await deleteThread({ codexHome, id });
    assert.deepEqual([fs.existsSync(file), fs.existsSync(archived)], [false, false]);
  });

  test("is named when there is none", async () => {
    for (const [change, kind] of [
      [archiveThread, "active"],
      [unarchiveThread, "archived"],
      [findAnyThread, "active or archived"],
    ] as const) {
      const message = `No ${kind} session found matching 'nonsense'.`;
      await assert.rejects(change({ codexHome, idOrName: "nonsense" }), {
        code: "SESSION_NOT_FOUND",
        message,
      });
    }
  });
});
