// A thread for tests: a scripted model, tools that a test writes, and a record in memory.

import { nobody } from "../../../agent/approval/approver.ts";
import { systemClock } from "../../../agent/clock.ts";
import type { Config } from "../../../agent/config/config.ts";
import type { Executor } from "../../../agent/execution/executor.ts";
import { type InputItem, userMessage } from "../../../agent/model-client/items.ts";
import type { ModelConnection } from "../../../agent/model-connection.ts";
import { openConnection } from "../../../agent/provider/connection.ts";
import type { RolloutEntry } from "../../../agent/sessions/rollout-entry.ts";
import type { RecordedThread } from "../../../agent/sessions/thread-store.ts";
import type { CompletedTurn } from "../../../agent/thread/notify.ts";
import { startThread, type ThreadParts } from "../../../agent/thread/thread.ts";
import type { ThreadEvent } from "../../../agent/thread/thread-events.ts";
import type { Tool, ToolCall, ToolContext, ToolResult } from "../../../agent/tools/tool.ts";
import { type Script, type Step, startScriptedUpstream } from "../../mock/scripted-upstream.ts";
import { provider, sender } from "../provider/provider.ts";

// What a thread reads of a configuration; the rest is for others.
const settings = {
  cwd: "/work",
  model: "gpt-5-codex",
  modelReasoningSummary: "auto",
  approvalPolicy: "never",
  sandboxMode: "read-only",
  workspaceWrite: {
    writableRoots: [],
    networkAccess: false,
    excludeTmpdirEnvVar: false,
    excludeSlashTmp: false,
  },
  hideAgentReasoning: false,
  showRawAgentReasoning: false,
  maxRequestsPerTurn: 1000,
} as unknown as Config;

/** No command is run in these tests. */
const noExecutor: Executor = {
  run: () => Promise.reject(new Error("nothing runs here")),
  open: () => Promise.reject(new Error("nothing runs here")),
};

export interface OpenOptions {
  readonly config?: Partial<Config>;
  readonly providerName?: string;
  readonly tools?: readonly Tool[];
  readonly resume?: RecordedThread;
  readonly parts?: Partial<ThreadParts>;
  /** what stands between the thread and its way to the model */
  readonly wrap?: (connection: ModelConnection) => ModelConnection;
}

/** Start a thread whose model follows a script. */
export async function open(steps: readonly Step[] | Script, options: OpenOptions = {}) {
  const { config, providerName = "mock", tools = [], resume, parts, wrap = (way) => way } = options;
  const upstream = await startScriptedUpstream(steps);
  const modelProvider = provider({ name: providerName, baseUrl: upstream.baseUrl, requestMaxRetries: 0 });
  const connection = await openConnection({ modelProvider }, undefined, {}, sender);
  const events: ThreadEvent[] = [];
  const entries: RolloutEntry[] = [];
  const completed: CompletedTurn[] = [];
  const thread = startThread({
    id: "0199f1f0-0000-7000-8000-000000000001",
    config: { ...settings, ...config },
    environment: {},
    connection: wrap({ open: async () => connection, close: () => connection.close() }),
    listener: (event) => events.push(event),
    clock: systemClock,
    store: {
      append: (...added) => {
        entries.push(...structuredClone(added));
      },
      flush: async () => {},
      close: async () => {},
    },
    approver: nobody,
    executor: noExecutor,
    prompts: {
      instructions: (_, toolNames) => `instructions for ${toolNames.join(" ") || "no tools"}`,
      compaction: () => "SUMMARIZE",
      initial: ({ cwd }) => [userSays(`<environment_context>${cwd}</environment_context>`)],
      changes: (before, { cwd }) =>
        before.cwd === cwd ? [] : [userSays(`<environment_context>now ${cwd}</environment_context>`)],
    },
    openTools: () => ({ tools, close: async () => {} }),
    trackChanges: () => ({ willChange: async () => {}, next: async () => undefined }),
    onTurnCompleted: (turn) => completed.push(turn),
    ...(resume !== undefined && { resume }),
    ...parts,
  });
  const say = (text: string, signal = new AbortController().signal) =>
    thread.runTurn({ content: [{ type: "input_text", text }], signal });
  const close = async () => {
    await thread.close();
    await upstream.close();
  };
  return { upstream, events, entries, completed, thread, say, close };
}

export type Opened = Awaited<ReturnType<typeof open>>;

export function userSays(text: string): InputItem {
  return userMessage([{ type: "input_text", text }]);
}

/** A tool of one name; what it does is the test's. */
export function tool(
  name: string,
  run: (call: ToolCall, context: ToolContext) => Promise<ToolResult> | ToolResult,
  mayRunInParallel = false,
): Tool {
  return {
    names: [name],
    schema: { type: "function", name },
    mayRunInParallel,
    run: async (call, context) => run(call, context),
  };
}

/** `input` of the n-th request. */
export function inputOf({ upstream }: Opened, index: number): readonly InputItem[] {
  return (upstream.requests[index]?.body.input ?? []) as readonly InputItem[];
}

/** Items in a word each: who says what, what is called, and what came of it. */
export function brief(items: readonly InputItem[]): readonly string[] {
  return items.map((item) => {
    if (item.type === "message") {
      const [part] = item.content as readonly { readonly text?: string; readonly type: string }[];
      return `${item.role}: ${part?.text ?? part?.type}`;
    }
    if (item.type.endsWith("_output")) return `${item.call_id} -> ${item.output}`;
    return `${item.type} ${item.call_id ?? ""}`.trim();
  });
}

/** Events in a line each, items by their kind and the number of their first appearance. */
export function told(events: readonly ThreadEvent[]): string[] {
  const ids: string[] = [];
  const number = (id: string) => {
    if (!ids.includes(id)) ids.push(id);
    return ids.indexOf(id);
  };
  return events.map((event) => {
    if ("item" in event) return `${event.type} ${event.item.type} ${number(event.item.id)}`;
    return "itemId" in event ? `${event.type} ${number(event.itemId)}` : event.type;
  });
}
