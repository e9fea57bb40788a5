// The lines of `codex exec --json`, for every kind of item and event: fields, words and numbers as SDKs
// read them.

import assert from "node:assert/strict";
import { test } from "node:test";
import { AgentError } from "../../../agent/errors.ts";
import type { ThreadEvent } from "../../../agent/thread/thread-events.ts";
import { jsonOutput } from "../../../cli/exec/json-output.ts";
import { everything, turnFailed } from "./items.ts";

function linesOf(events: readonly ThreadEvent[]): { lines: unknown[]; stderr: string } {
  let stdout = "";
  let stderr = "";
  const output = jsonOutput(
    { write: (text) => (stdout += text) },
    {
      write: (text) => (stderr += text),
    },
  );
  for (const event of events) output.show(event);
  const lines = stdout.split("\n");
  assert.equal(lines.pop(), "", "every line has an end");
  return { lines: lines.map((line) => JSON.parse(line)), stderr };
}

const command = { type: "command_execution", command: "bash -lc 'echo hi'" };
const tool = { type: "mcp_tool_call", server: "files", tool: "read", arguments: { path: "/a" } };
const plan = (id: string, first: boolean) => ({
  id,
  type: "todo_list",
  items: [
    { text: "first", completed: first },
    { text: "second", completed: false },
  ],
});
const started = (item: object) => ({ type: "item.started", item });
const completed = (item: object) => ({ type: "item.completed", item });

test("every kind of item has its fields, and numbers in the order of appearance", () => {
  const running = { aggregated_output: "", status: "in_progress" };
  const result = { content: [{ type: "text", text: "hi" }], structured_content: null };
  assert.deepEqual(linesOf(everything), {
    stderr: "",
    lines: [
      { type: "thread.started", thread_id: "the-thread" },
      { type: "turn.started" },
      completed({ id: "item_0", type: "reasoning", text: "about it" }),
      completed({ id: "item_1", type: "agent_message", text: "I look." }),
      started(plan("item_2", false)),
      started({ id: "item_3", ...command, ...running }),
      completed({ id: "item_3", ...command, aggregated_output: "hi\n", exit_code: 0, status: "completed" }),
      started({ id: "item_4", ...command, ...running }),
      started({ id: "item_5", ...command, ...running }),
      completed({ id: "item_4", ...command, aggregated_output: "no\n", exit_code: 3, status: "failed" }),
      completed({
        ...{ id: "item_5", ...command, aggregated_output: "not allowed" },
        ...{ exit_code: -1, status: "failed" },
      }),
      completed({
        id: "item_6",
        type: "file_change",
        changes: [
          { path: "/work/old.txt", kind: "update" },
          { path: "/work/a", kind: "update" },
          { path: "/work/new.txt", kind: "add" },
          { path: "/work/gone.txt", kind: "delete" },
          { path: "/work/empty", kind: "add" },
        ],
        status: "completed",
      }),
      started({ id: "item_7", ...tool, result: null, error: null, status: "in_progress" }),
      completed({ id: "item_7", ...tool, result, error: null, status: "completed" }),
      started({ id: "item_8", ...tool, result: null, error: null, status: "in_progress" }),
      completed({ id: "item_8", ...tool, result: null, error: { message: "gone" }, status: "failed" }),
      completed({ id: "item_9", type: "web_search", query: "cats" }),
      completed({ id: "item_10", type: "agent_message", text: "Compact task completed" }),
      completed({ id: "item_11", type: "error", message: "be careful" }),
      { type: "item.updated", item: plan("item_2", true) },
      completed({ id: "item_12", type: "agent_message", text: "Done." }),
      completed(plan("item_2", true)),
      {
        type: "turn.completed",
        usage: { input_tokens: 1200, cached_input_tokens: 100, output_tokens: 50 },
      },
    ],
  });
});

test("a turn without counts has zeros, a failed one says the same twice, an interrupted one says nothing", () => {
  const uncounted = { type: "turn.completed", turnId: "t", totalUsage: undefined } as const;
  assert.deepEqual(linesOf([{ ...uncounted, lastAgentMessage: undefined }]).lines, [
    { type: "turn.completed", usage: { input_tokens: 0, cached_input_tokens: 0, output_tokens: 0 } },
  ]);
  const cause = new AgentError("broken", { code: "TEST" });
  assert.deepEqual(linesOf([{ type: "turn.retrying", repetition: 1, limit: 5, cause }, turnFailed]), {
    lines: [
      { type: "error", message: "Re-connecting... 1/5" },
      { type: "error", message: "it broke" },
      { type: "turn.failed", error: { message: "it broke" } },
    ],
    stderr: "hint: mend it\n",
  });
  assert.deepEqual(linesOf([{ type: "turn.interrupted", turnId: "t" }]), { lines: [], stderr: "" });
});

test("no control character of others is in a line as it is, C1 and delete included", () => {
  const text = "a\x1b[2J\x07\x7f\x80\x9b31m\x9fü";
  let stdout = "";
  const output = jsonOutput({ write: (piece) => (stdout += piece) }, { write: () => {} });
  output.show({ type: "item.completed", item: { id: "1", type: "agent_message", text } });
  assert.match(stdout, /^[^\p{Cc}]+\n$/u);
  assert.deepEqual(JSON.parse(stdout), completed({ id: "item_0", type: "agent_message", text }));
});
