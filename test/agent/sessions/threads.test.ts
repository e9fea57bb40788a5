import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import fs from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { archiveThread, deleteThread } from "../../../agent/sessions/archive.ts";
import { catalogName } from "../../../agent/sessions/catalog.ts";
import { rolloutPath } from "../../../agent/sessions/rollout-path.ts";
import { findThread, listThreads, newestThread } from "../../../agent/sessions/threads.ts";

const rollouts = fileURLToPath(new URL("../../../../test/agent/sessions/rollouts/", import.meta.url));
const module = new URL("../../../agent/sessions/threads.js", import.meta.url).href;
const startMs = Date.UTC(2025, 9, 28, 12);
const idOf = (number: number) => `019a0b1c-2d3e-7f40-8a5b-${String(number).padStart(12, "0")}`;
const line = (type: string, payload: unknown) =>
  `${JSON.stringify({ timestamp: "2025-10-28T14:00:00.007Z", type, payload })}\n`;
const words = (text: string) => line("event_msg", { type: "user_message", message: text });

describe("the threads of a home", () => {
  let codexHome: string;
  beforeEach(() => {
    codexHome = fs.mkdtempSync(join(tmpdir(), "codex-threads-"));
  });
  afterEach(() => fs.rmSync(codexHome, { recursive: true, force: true }));

  /** One hour after the other, last used in the order of their numbers. */
  function write(number: number, rest = words(`prompt ${number}`), meta: object = {}): string {
    const at = new Date(startMs + number * 3_600_000);
    const file = rolloutPath(codexHome, idOf(number), at);
    fs.mkdirSync(dirname(file), { recursive: true });
    const facts = { id: idOf(number), timestamp: at.toISOString(), cwd: "/work/a", source: "exec", ...meta };
    fs.writeFileSync(file, line("session_meta", facts) + rest);
    fs.utimesSync(file, at, at);
    return file;
  }
  const previews = async (more: Partial<Parameters<typeof listThreads>[0]> = {}) =>
    (await listThreads({ codexHome, ...more })).threads.map(({ preview }) => preview);

  test("are none where there is no home", async () => {
    const nowhere = join(codexHome, "missing");
    assert.deepEqual(await listThreads({ codexHome: nowhere }), { threads: [] });
    assert.equal(await newestThread({ codexHome: nowhere }), undefined);
    assert.equal(await findThread({ codexHome: nowhere, idOrName: idOf(1) }), undefined);
  });

  test("are told with all that a list shows", async () => {
    const file = write(1, words("fix the\n\u001b[31mtests"), {
      git: { branch: "topic" },
      model_provider: "openai",
    });
    const named = { id: idOf(1), thread_name: "my work", updated_at: "2025-10-28T13:00:00Z" };
    fs.writeFileSync(join(codexHome, "session_index.jsonl"), `${JSON.stringify(named)}\n`);
    assert.deepEqual(await listThreads({ codexHome }), {
      threads: [
        {
          id: idOf(1),
          file,
          isArchived: false,
          createdAtMs: startMs + 3_600_000,
          updatedAtMs: startMs + 3_600_000,
          cwd: "/work/a",
          source: "exec",
          branch: "topic",
          provider: "openai",
          preview: "fix the [31mtests",
          name: "my work",
        },
      ],
    });
  });

  test("come newest first in pages, each thread on one of them, also when one is used in between", async () => {
    for (let number = 0; number < 60; number++) write(number);
    const seen: (string | undefined)[] = [];
    let cursor: string | undefined;
    do {
      const page = await listThreads({ codexHome, limit: 25, ...(cursor !== undefined && { cursor }) });
      seen.push(...page.threads.map(({ preview }) => preview));
      cursor = page.nextCursor;
      fs.appendFileSync(write(59), words("more"));
    } while (cursor !== undefined);
    assert.deepEqual(
      seen,
      Array.from({ length: 60 }, (_, index) => `prompt ${59 - index}`),
    );
  });

  test("are chosen by folder and by source, and those in which nothing was asked only if wanted", async () => {
    write(1);
    write(2, words("b"), { cwd: "/work/b", source: "cli" });
    write(3, "", { cwd: "/work/b" });
    assert.deepEqual(await previews(), ["b", "prompt 1"]);
    assert.deepEqual(await previews({ cwd: "/work/a" }), ["prompt 1"]);
    assert.deepEqual(await previews({ sources: ["cli", "vscode"] }), ["b"]);
    assert.deepEqual(await previews({ cwd: "/work/b", includesEmpty: true }), [undefined, "b"]);
    assert.equal((await newestThread({ codexHome, cwd: "/work/a" }))?.id, idOf(1));
  });

  test("of the original are there with the first words of the user", async () => {
    for (const [number, name] of fs.readdirSync(rollouts).sort().entries()) {
      fs.copyFileSync(join(rollouts, name), write(number));
    }
    const found = (await listThreads({ codexHome })).threads.map(({ preview, cwd }) => [preview, cwd]).sort();
    const [tools, compaction] = [
      ["start prompt", "/work/demo"],
      ["please compact", "/work/demo"],
    ];
    assert.deepEqual(found, [compaction, compaction, tools, tools]);
  });

  test("show what was typed, and not what a release has put in front of it", async () => {
    const item = (text: string) =>
      line("response_item", { type: "message", role: "user", content: [{ type: "input_text", text }] });
    const answer = line("response_item", { type: "message", role: "assistant", content: [] });
    write(1, `${item("<tag of the future>")}${item("a")}${words("a")}`);
    write(2, `${item("<environment_context>x")}${item("only an item")}${answer}${words("too late")}`);
    assert.deepEqual(await previews(), ["only an item", "a"]);
  });

  test("are the same with and without a catalog, whatever has become of it", async () => {
    for (let number = 0; number < 40; number++) write(number);
    const expected = await previews({ limit: 100 });
    const catalog = join(codexHome, catalogName);
    const written = fs.readFileSync(catalog, "utf8");
    assert.equal(fs.statSync(catalog).mode & 0o777, 0o600);
    const versionTwo = written.replace('"version":1', '"version":2').replaceAll("prompt", "wrong");
    const wrongTypes = written.replaceAll('"cwd":"/work/a"', '"cwd":1');
    for (const text of [written, "", "{", "null", written.slice(0, 999), versionTwo, wrongTypes, "\0"]) {
      fs.writeFileSync(catalog, text);
      assert.deepEqual(await previews({ limit: 100 }), expected, text.slice(0, 40));
    }
    fs.rmSync(catalog);
    fs.mkdirSync(catalog);
    assert.deepEqual(await previews({ limit: 100 }), expected);
  });

  test("are taken from the catalog while their files stay as they are", async () => {
    for (let number = 0; number < 40; number++) write(number);
    await previews();
    const catalog = join(codexHome, catalogName);
    fs.writeFileSync(catalog, fs.readFileSync(catalog, "utf8").replaceAll("prompt 39", "of the catalog"));
    assert.equal((await previews())[0], "of the catalog");
    write(39, words("new"));
    assert.equal((await previews())[0], "new");
  });

  test("leave no word in the catalog when they are deleted, or have gone", async () => {
    const files = Array.from({ length: 40 }, (_, number) => write(number));
    await previews();
    const catalog = () => fs.readFileSync(join(codexHome, catalogName), "utf8");
    assert.match(catalog(), /prompt 7"/);
    await archiveThread({ codexHome, idOrName: idOf(7) });
    await deleteThread({ codexHome, id: idOf(7) });
    assert.doesNotMatch(catalog(), /prompt 7"/);
    assert.match(catalog(), /prompt 8"/);
    fs.rmSync(files[8] as string);
    await previews();
    assert.doesNotMatch(catalog(), /prompt 8"/);
    assert.match(catalog(), /prompt 9"/);
  });

  test("follow what happens to the files: new, grown, gone, first words at last", async () => {
    for (let number = 0; number < 40; number++) write(number);
    const late = write(40, "");
    assert.equal((await previews())[0], "prompt 39");
    fs.appendFileSync(late, words("at last"));
    assert.equal((await previews())[0], "at last");
    fs.rmSync(late);
    fs.appendFileSync(write(3), words("again"));
    assert.deepEqual((await previews()).slice(0, 2), ["prompt 3", "prompt 39"]);
    write(41);
    assert.deepEqual((await previews())[0], "prompt 3");
  });

  test("are listed by several processes at once, which leave a good catalog", async () => {
    for (let number = 0; number < 200; number++) write(number);
    const script = `
      const { listThreads } = await import(${JSON.stringify(module)});
      const { threads } = await listThreads({ codexHome: ${JSON.stringify(codexHome)}, limit: 1000 });
      process.stdout.write(String(threads.length));`;
    const runs = Array.from({ length: 6 }, () =>
      promisify(execFile)(process.execPath, ["--input-type=module", "-e", script]),
    );
    assert.deepEqual(
      (await Promise.all(runs)).map(({ stdout }) => stdout),
      Array(6).fill("200"),
    );
    const { sessions } = JSON.parse(fs.readFileSync(join(codexHome, catalogName), "utf8"));
    assert.equal(Object.keys(sessions).length, 200);
    assert.deepEqual(fs.readdirSync(codexHome).sort(), [catalogName, "sessions"]);
  });

  test("are found by id in any case, and by the name that was given last", async () => {
    const [one, two] = [write(1), write(2)];
    const name = (number: number, thread_name: string) =>
      `${JSON.stringify({ id: idOf(number), thread_name })}\n`;
    const lines = [name(1, "old"), name(2, "shared"), name(1, "shared"), "torn\n", name(9, "gone")];
    fs.writeFileSync(join(codexHome, "session_index.jsonl"), lines.join(""));
    const found = async (idOrName: string) => (await findThread({ codexHome, idOrName }))?.file;
    assert.equal(await found(idOf(1)), one);
    assert.equal(await found(idOf(2).toUpperCase()), two);
    assert.equal(await found("shared"), one);
    for (const text of ["old", "gone", "", "..", idOf(3), "prompt 1"])
      assert.equal(await found(text), undefined);
  });
});
