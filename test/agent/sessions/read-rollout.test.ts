import assert from "node:assert/strict";
import fs from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { userText } from "../../../agent/conversation/compacted-history.ts";
import type { InputItem } from "../../../agent/model-client/items.ts";
import { readRollout } from "../../../agent/sessions/read-rollout.ts";

/** Written by releases of the original; long texts in them are shortened. */
const rollouts = fileURLToPath(new URL("../../../../test/agent/sessions/rollouts/", import.meta.url));

const message = (role: string, text: string): InputItem => ({
  type: "message",
  role,
  content: [{ type: role === "assistant" ? "output_text" : "input_text", text }],
});
const isCall = ({ type }: InputItem) => type.endsWith("_call");
const usage = (inputTokens: number, cached: number, output: number, reasoning: number) => ({
  inputTokens,
  cachedInputTokens: cached,
  outputTokens: output,
  reasoningOutputTokens: reasoning,
  totalTokens: inputTokens + output,
});

describe("a record that a release of the original has written", () => {
  test("of 0.50 is read with each of its calls and the usage of its end", async () => {
    const thread = await readRollout(join(rollouts, "0.50-tools.jsonl"));
    const [context, prompt, ...rest] = thread.history;
    assert.match(JSON.stringify(context), /<environment_context>.*<cwd>\/work\/demo<\/cwd>/);
    assert.deepEqual(prompt, message("user", "start prompt"));
    assert.deepEqual(
      rest.map(({ type, call_id: callId, role }) => callId ?? role ?? type),
      [
        "reasoning",
        "call_1",
        "call_1",
        "call_2",
        "call_2",
        "call_3",
        "call_3",
        "assistant",
        "user",
        "assistant",
      ],
    );
    assert.deepEqual(rest.slice(-3), [
      message("assistant", "All done."),
      message("user", "and again"),
      message("assistant", "Hello again."),
    ]);
    assert.deepEqual(rest[0], {
      type: "reasoning",
      summary: [{ type: "summary_text", text: "**Looking**\n\nat the folder" }],
      content: null,
      encrypted_content: "b3BhcXVl",
    });
    assert.deepEqual(thread.meta.git?.branch, "main");
    assert.deepEqual(thread.lastContext?.sandbox_policy.mode, "workspace-write");
    assert.deepEqual([thread.totalUsage, thread.lastUsage], [usage(100, 50, 20, 5), usage(100, 50, 20, 5)]);
    assert.deepEqual(thread.warnings, []);
    assert.equal(thread.entries.length, fs.readFileSync(thread.file, "utf8").split("\n").length - 1);
  });

  test("of 0.50 with a summary goes on from what the user said and the summary", async () => {
    const { history, warnings } = await readRollout(join(rollouts, "0.50-compaction.jsonl"));
    assert.equal(history.some(isCall), false);
    assert.deepEqual(history.map(userText), [
      undefined,
      "please compact",
      undefined,
      undefined,
      "and again",
      undefined,
    ]);
    assert.match(JSON.stringify(history[0]), /<environment_context>/);
    assert.match(JSON.stringify(history[2]), /SUMMARY: one command was run\./);
    assert.deepEqual(history[3], message("assistant", "After compaction."));
    assert.deepEqual(warnings, []);
  });

  test("of 0.169 is read as what the service takes, without the rules of that release", async () => {
    const thread = await readRollout(join(rollouts, "0.169-tools.jsonl"));
    const [context, prompt, reasoning, call, output, ...rest] = thread.history;
    assert.match(JSON.stringify(context), /<environment_context>/);
    assert.deepEqual(prompt, message("user", "start prompt"));
    assert.equal(reasoning?.encrypted_content, "b3BhcXVl");
    assert.deepEqual(call, {
      type: "function_call",
      name: "exec_command",
      arguments: '{"cmd":"echo one && ls"}',
      call_id: "call_1",
    });
    assert.deepEqual(Object.keys(output ?? {}), ["type", "call_id", "output"]);
    assert.deepEqual(rest.slice(-2), [message("user", "and again"), message("assistant", "Hello again.")]);
    for (const item of thread.history) {
      assert.equal(Object.keys(item).includes("id"), false);
      assert.notEqual(item.role, "developer");
    }
    assert.deepEqual(thread.totalUsage, usage(500, 250, 100, 25));
    assert.deepEqual(thread.lastContext?.sandbox_policy, {
      mode: "workspace-write",
      network_access: false,
      exclude_tmpdir_env_var: false,
      exclude_slash_tmp: false,
    });
    assert.deepEqual([thread.meta.source, thread.meta.instructions], ["exec", null]);
    assert.deepEqual(thread.warnings, []);
  });

  test("of 0.169 with a summary goes on from the history that it has put down", async () => {
    const { history, warnings } = await readRollout(join(rollouts, "0.169-compaction.jsonl"));
    assert.equal(history.some(isCall), false);
    assert.match(JSON.stringify(history), /SUMMARY: one command was run\./);
    assert.deepEqual(
      history.map(userText).filter((text) => text !== undefined),
      ["please compact", "and again"],
    );
    assert.deepEqual(history.at(-1), message("assistant", "Hello again."));
    assert.deepEqual(warnings, []);
  });
});

describe("reading a record", () => {
  let folder: string;
  let file: string;
  const id = "019a0b1c-2d3e-7f40-8a5b-6c7d8e9f0a1b";
  const metaLine = entryLine("session_meta", { id, cwd: "/work/demo", cli_version: "0.50.0", source: "cli" });

  beforeEach(() => {
    folder = fs.mkdtempSync(join(tmpdir(), "codex-rollout-"));
    file = join(folder, `rollout-2025-10-28T13-04-05-${id}.jsonl`);
  });
  afterEach(() => fs.rmSync(folder, { recursive: true, force: true }));

  function entryLine(type: string, payload: unknown): string {
    return `${JSON.stringify({ timestamp: "2025-10-28T14:00:00.007Z", type, payload })}\n`;
  }
  const item = (role: string, text: string) => entryLine("response_item", message(role, text));

  test("gives at every cut through its bytes what whole lines there are, and says what was cut off", async () => {
    const lines = [metaLine, item("user", "grüße \u{1f600}"), item("assistant", "a"), item("user", "b")];
    const bytes = Buffer.from(lines.join(""));
    const ends = lines.map((_, index) => Buffer.byteLength(lines.slice(0, index + 1).join("")));
    for (let cut = (ends[0] as number) - 1; cut <= bytes.length; cut += 1) {
      fs.writeFileSync(file, bytes.subarray(0, cut));
      const thread = await readRollout(file);
      // A line that lacks its end alone is whole.
      const wholeCount = ends.filter((end) => end - 1 <= cut).length;
      const isAtEnd = ends.some((end) => end === cut || end - 1 === cut);
      assert.deepEqual(
        {
          count: thread.entries.length,
          size: thread.size,
          wholeSize: thread.wholeSize,
          warnings: thread.warnings,
        },
        {
          count: wholeCount,
          size: cut,
          wholeSize: isAtEnd ? cut : (ends[wholeCount - 1] as number),
          warnings: isAtEnd
            ? []
            : [`the last line of ${file.slice(folder.length + 1)} was cut off and is left out`],
        },
        `cut at ${cut}`,
      );
    }
  });

  test("leaves out lines in between that are no entries, and counts them", async () => {
    const bad = ["{}\n", "\0\0\0\0\n", '{"type":"response_item"}\n', "\n", '"text"\n', "\xff\xfe\n"];
    fs.writeFileSync(file, [metaLine, item("user", "a"), ...bad, item("user", "b")].join(""));
    const { history, warnings } = await readRollout(file);
    assert.deepEqual(history, [message("user", "a"), message("user", "b")]);
    assert.deepEqual(warnings, [`5 lines of ${file.slice(folder.length + 1)} cannot be read`]);
  });

  test("finds the line that 0.50 has written behind one that was cut off", async () => {
    const cut = item("user", "lost").slice(0, -20);
    fs.writeFileSync(file, [metaLine, item("user", "a"), cut, item("user", "b"), item("user", "c")].join(""));
    const { history, warnings } = await readRollout(file);
    assert.deepEqual(history, [message("user", "a"), message("user", "b"), message("user", "c")]);
    assert.deepEqual(warnings, [`a line of ${file.slice(folder.length + 1)} cannot be read`]);
  });

  test("keeps the whole line that follows the zeros of a power failure", async () => {
    fs.writeFileSync(file, `${metaLine}${"\0".repeat(4096)}${item("user", "a")}`);
    const { history, warnings } = await readRollout(file);
    assert.deepEqual([history, warnings], [[message("user", "a")], []]);
  });

  test("keeps entries and events of kinds that nobody knows, and drops items that nobody can send", async () => {
    const strange = { type: "hologram_call", call_id: "c", data: 1 };
    fs.writeFileSync(
      file,
      [
        metaLine,
        entryLine("world_state", { full: true }),
        entryLine("event_msg", { type: "of_the_future" }),
        entryLine("response_item", strange),
        entryLine("response_item", { type: "constructor", call_id: "c" }),
        entryLine("response_item", { type: "\u001b[2Jhidden" }),
        entryLine("response_item", { type: "ghost_snapshot", ghost_commit: {} }),
        item("user", "a"),
      ].join(""),
    );
    const { entries, history, warnings } = await readRollout(file);
    assert.deepEqual(
      entries.map(({ type }) => String(type)),
      ["session_meta", "world_state", "event_msg", ...Array(5).fill("response_item")],
    );
    assert.deepEqual(history, [message("user", "a")]);
    assert.deepEqual(warnings, [
      "left out of the conversation, as unknown here: hologram_call, constructor, [2Jhidden",
    ]);
  });

  test("takes back the turns that the user has taken back", async () => {
    const turn = (text: string) => [item("user", text), item("assistant", `to ${text}`)];
    const back = entryLine("event_msg", { type: "thread_rolled_back", num_turns: 2 });
    fs.writeFileSync(file, [metaLine, ...turn("a"), ...turn("b"), ...turn("c"), back, ...turn("d")].join(""));
    const { history } = await readRollout(file);
    assert.deepEqual(history.map(userText), ["a", undefined, "d", undefined]);
  });

  for (const [what, text] of [
    ["an empty file", ""],
    ["a file of something else", "hello\n"],
    ["a file without meta data", item("user", "a")],
    ["meta data whose id is a path", entryLine("session_meta", { id: "../../etc/passwd" })],
  ] as const) {
    test(`refuses ${what}`, async () => {
      fs.writeFileSync(file, text);
      await assert.rejects(readRollout(file), { name: "SessionError", code: "SESSION_NOT_A_ROLLOUT" });
    });
  }

  test("refuses one that has no room in memory, without reading it", async () => {
    fs.writeFileSync(file, metaLine);
    fs.truncateSync(file, 512 * 1024 * 1024 + 1);
    const text = `the session ${file} is larger than 512 MiB`;
    await assert.rejects(readRollout(file), { code: "SESSION_TOO_LARGE", message: text });
  });

  test("refuses what is missing, and names it", async () => {
    const text = `cannot read the session ${file}: No such file or directory (os error 2)`;
    await assert.rejects(readRollout(file), { code: "SESSION_UNREADABLE", message: text });
  });
});
