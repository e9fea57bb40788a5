// A turn for tools to run in: what they report is kept, and whatever they must not touch throws.

import { SessionApprovals } from "../../../agent/approval/session-approvals.ts";
import { systemClock } from "../../../agent/clock.ts";
import type { Config } from "../../../agent/config/config.ts";
import type { ThreadItemBody } from "../../../agent/thread/thread-events.ts";
import type { Tool, ToolCall, ToolContext, ToolResult } from "../../../agent/tools/tool.ts";

/** What a listener would have heard of an item. */
export type Report = readonly [
  what: "start" | "update" | "complete" | "report" | "delta",
  item: ThreadItemBody | string,
];

export interface TurnOfTools {
  readonly context: ToolContext;
  readonly reports: readonly Report[];
}

const forbidden = (what: string) => () => {
  throw new Error(`${what} has nothing to do with it`);
};

/** @param changes - parts of the context that the test gives */
export function startTurn(config: Partial<Config>, changes: Partial<ToolContext> = {}): TurnOfTools {
  const reports: Report[] = [];
  let count = 0;
  const context: ToolContext = {
    turnId: "turn",
    environment: {},
    config: { features: { isEnabled: () => false }, ...config } as Config,
    policy: { mode: "read-only" },
    signal: new AbortController().signal,
    items: {
      start: (item) => {
        reports.push(["start", item]);
        return `item-${count++}`;
      },
      delta: (_, text) => reports.push(["delta", text]),
      update: (_, item) => reports.push(["update", item]),
      complete: (_, item) => reports.push(["complete", item]),
      report: (item) => reports.push(["report", item]),
    },
    executor: { run: forbidden("a command"), open: forbidden("a terminal") },
    approver: { decide: forbidden("an approval") },
    approvals: new SessionApprovals(),
    clock: systemClock,
    onFilesChanging: async () => {},
    ...changes,
  };
  return { context, reports };
}

/** Call a function tool with these arguments. */
export function callFunction(tool: Tool, args: unknown, context: ToolContext): Promise<ToolResult> {
  const input = typeof args === "string" ? args : JSON.stringify(args);
  const call: ToolCall = { callId: "call", kind: "function", name: tool.names[0], input };
  return tool.run(call, context);
}
