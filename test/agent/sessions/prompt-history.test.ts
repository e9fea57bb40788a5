import assert from "node:assert/strict";
import { execFile, execFileSync } from "node:child_process";
import fs from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, test } from "node:test";
import { promisify } from "node:util";
import { addToPromptHistory, readPromptHistory } from "../../../agent/sessions/prompt-history.ts";

const module = new URL("../../../agent/sessions/prompt-history.js", import.meta.url).href;

describe("the history of prompts", () => {
  let codexHome: string;
  let file: string;
  beforeEach(() => {
    codexHome = fs.mkdtempSync(join(tmpdir(), "codex-history-"));
    file = join(codexHome, "history.jsonl");
  });
  afterEach(() => fs.rmSync(codexHome, { recursive: true, force: true }));

  const add = (text: string, maxBytes?: number) =>
    addToPromptHistory(
      { codexHome, persistence: "save-all", maxBytes },
      { sessionId: "s", atMs: 1_999, text },
    );
  const texts = async (limit = 1_000) => (await readPromptHistory(codexHome, limit)).map(({ text }) => text);

  test("has one line a prompt, as the original writes it, for its owner alone", async () => {
    await add("two\nlines \u{1f600}");
    assert.equal(fs.readFileSync(file, "utf8"), '{"session_id":"s","ts":1,"text":"two\\nlines \u{1f600}"}\n');
    assert.equal(fs.statSync(file).mode & 0o777, 0o600);
    assert.deepEqual(fs.readdirSync(codexHome), ["history.jsonl"]);
    assert.deepEqual(await readPromptHistory(codexHome, 5), [
      { sessionId: "s", atMs: 1_000, text: "two\nlines \u{1f600}" },
    ]);
  });

  test("is read from its end, over lines that are none", async () => {
    assert.deepEqual(await texts(), []);
    await add("a");
    fs.appendFileSync(file, '{"session_id":"s","ts":2,"te');
    await add("b");
    fs.appendFileSync(file, "{}\nnull\n\0\n");
    await add("c");
    assert.deepEqual(await texts(), ["c", "b", "a"]);
    assert.deepEqual(await texts(2), ["c", "b"]);
  });

  test("is not there when it is not wanted", async () => {
    await addToPromptHistory({ codexHome, persistence: "none" }, { sessionId: "s", atMs: 0, text: "a" });
    assert.deepEqual(fs.readdirSync(codexHome), []);
  });

  test("loses its oldest lines, and no part of a line, when it grows over its limit", async () => {
    for (let number = 0; number < 200; number++) {
      await add(`prompt ${number}`, 1_000);
      assert.ok(fs.statSync(file).size <= 1_000);
      assert.equal((await texts())[0], `prompt ${number}`);
    }
    const lines = fs.readFileSync(file, "utf8").trimEnd().split("\n");
    assert.ok(lines.length > 15);
    const kept = lines.map((line) => JSON.parse(line).text);
    assert.deepEqual(
      kept,
      kept.map((_, index) => `prompt ${200 - kept.length + index}`),
    );
    await add("x".repeat(5_000), 1_000);
    assert.deepEqual(await texts(), ["x".repeat(5_000)]);
  });

  test("has the lines of all processes that write at once", async () => {
    const script = `
      const { addToPromptHistory } = await import(${JSON.stringify(module)});
      for (let number = 0; number < 25; number++) {
        const place = { codexHome: ${JSON.stringify(codexHome)}, persistence: "save-all", maxBytes: 100000 };
        await addToPromptHistory(place, { sessionId: "s", atMs: 0, text: process.pid + " " + number });
      }`;
    const run = () => promisify(execFile)(process.execPath, ["--input-type=module", "-e", script]);
    await Promise.all(Array.from({ length: 4 }, run));
    assert.equal(new Set(await texts()).size, 100);
    assert.deepEqual(fs.readdirSync(codexHome), ["history.jsonl"]);
  });

  test("waits for no FIFO that stands in its place", async () => {
    execFileSync("mkfifo", [file]);
    await assert.rejects(add("a"), { code: "EINVAL" });
    await assert.rejects(readPromptHistory(codexHome, 1), { code: "EINVAL" });
  });
});
