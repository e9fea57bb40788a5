// One item of each kind, as a turn brings them about.

import { AgentError } from "../../../agent/errors.ts";
import type { ThreadEvent, ThreadItem } from "../../../agent/thread/thread-events.ts";

type ItemOf<Type extends ThreadItem["type"]> = Extract<ThreadItem, { readonly type: Type }>;

export const usage = {
  inputTokens: 1200,
  cachedInputTokens: 100,
  outputTokens: 50,
  reasoningOutputTokens: 10,
  totalTokens: 1250,
};

export const runningCommand: ItemOf<"command_execution"> = {
  ...{ id: "c", type: "command_execution", callId: "1", cwd: "/work", aggregatedOutput: "" },
  ...{ command: ["bash", "-lc", "echo hi"], status: "in_progress" },
};
export const endedCommand: ItemOf<"command_execution"> = {
  ...runningCommand,
  ...{ aggregatedOutput: "hi\n", exitCode: 0, durationMs: 4, status: "completed" },
};
export const failedCommand: ItemOf<"command_execution"> = {
  ...runningCommand,
  ...{ aggregatedOutput: "no\n", exitCode: 3, durationMs: 1500, status: "failed" },
};
export const declinedCommand: ItemOf<"command_execution"> = {
  ...runningCommand,
  ...{ aggregatedOutput: "not allowed", exitCode: -1, status: "declined" },
};

export const runningPatch: ItemOf<"file_change"> = {
  ...{ id: "f", type: "file_change", callId: "2", status: "in_progress" },
  changes: [
    { kind: "update", path: "/work/old.txt", unifiedDiff: "@@ -1,2 +1,2 @@\n-a\n+b\n c\n" },
    { kind: "update", path: "/work/a", moveTo: "/work/b", unifiedDiff: "@@ -1 +1 @@\n-x\n+y\n" },
    { kind: "add", path: "/work/new.txt", content: "one\ntwo\n" },
    { kind: "delete", path: "/work/gone.txt", content: "bye\n" },
    { kind: "add", path: "/work/empty", content: "" },
  ],
};
export const endedPatch: ItemOf<"file_change"> = {
  ...runningPatch,
  ...{ output: "Success. Updated the following files:\n", exitCode: 0, durationMs: 6, status: "completed" },
};

export const runningTool: ItemOf<"mcp_tool_call"> = {
  ...{ id: "m", type: "mcp_tool_call", callId: "3", server: "files", tool: "read", status: "in_progress" },
  arguments: { path: "/a" },
};
export const endedTool: ItemOf<"mcp_tool_call"> = {
  ...runningTool,
  ...{ result: { content: [{ type: "text", text: "hi" }] }, durationMs: 1, status: "completed" },
};
export const failedTool: ItemOf<"mcp_tool_call"> = {
  ...runningTool,
  ...{ errorMessage: "gone", durationMs: 2, status: "failed" },
};

export const firstPlan: ItemOf<"plan"> = {
  ...{ id: "p", type: "plan", explanation: "why" },
  steps: [
    { step: "first", status: "in_progress" },
    { step: "second", status: "pending" },
  ],
};
export const secondPlan: ItemOf<"plan"> = {
  ...{ id: "p", type: "plan" },
  steps: [
    { step: "first", status: "completed" },
    { step: "second", status: "in_progress" },
  ],
};

export const started = (item: ThreadItem): ThreadEvent => ({ type: "item.started", item });
export const updated = (item: ThreadItem): ThreadEvent => ({ type: "item.updated", item });
export const completed = (item: ThreadItem): ThreadEvent => ({ type: "item.completed", item });

export const turnCompleted: ThreadEvent = {
  ...{ type: "turn.completed", turnId: "t", totalUsage: usage, lastAgentMessage: "Done." },
};
export const turnFailed: ThreadEvent = {
  ...{ type: "turn.failed", turnId: "t", totalUsage: undefined },
  error: new AgentError("it broke", { code: "TEST", hint: "mend it" }),
};

/** A turn in which every kind of item and event comes, parallel commands included. */
export const everything: readonly ThreadEvent[] = [
  { type: "thread.started", threadId: "the-thread", isResumed: false },
  { type: "turn.started", turnId: "t" },
  { type: "reasoning.section" },
  started({ id: "r", type: "reasoning", text: "" }),
  { type: "item.delta", itemId: "r", delta: "about" },
  completed({ id: "r", type: "reasoning", text: "about it" }),
  started({ id: "a", type: "agent_message", text: "" }),
  completed({ id: "a", type: "agent_message", text: "I look." }),
  started(firstPlan),
  started(runningCommand),
  { type: "item.delta", itemId: "c", delta: "hi\n" },
  completed(endedCommand),
  started({ ...runningCommand, id: "c1" }),
  started({ ...runningCommand, id: "c2" }),
  completed({ ...failedCommand, id: "c1" }),
  completed({ ...declinedCommand, id: "c2" }),
  started(runningPatch),
  completed(endedPatch),
  { type: "turn.diff", unifiedDiff: "diff --git a/x b/x\n@@ -1 +1 @@\n-a\n+b\n" },
  started(runningTool),
  completed(endedTool),
  started({ ...runningTool, id: "m2" }),
  completed({ ...failedTool, id: "m2" }),
  started({ id: "w", type: "web_search", query: "cats" }),
  completed({ id: "w", type: "web_search", query: "cats" }),
  completed({ id: "i", type: "image_view", path: "/work/a.png" }),
  { type: "input.taken", text: "more", imageCount: 0 },
  { type: "usage.updated", totalUsage: usage, lastUsage: usage },
  completed({ id: "s", type: "compaction", summary: "what was done" }),
  completed({ id: "e", type: "error", message: "be careful" }),
  updated(secondPlan),
  started({ id: "x", type: "agent_message", text: "" }),
  { type: "item.dropped", itemId: "x" },
  completed({ id: "z", type: "agent_message", text: "Done." }),
  completed(secondPlan),
  turnCompleted,
];
