// Items of a thread as `codex exec --json` prints them: the fields and words of the original, which SDKs
// check. What they do not know is left out, and has no number either.

import { commandText } from "../../agent/command-text.ts";
import type { PlanStep, ThreadItem } from "../../agent/thread/thread-events.ts";

type Wire = Readonly<Record<string, unknown>>;

/** The words for a run that was declined are later than the SDKs: to them it has failed. */
function wireStatus(status: "in_progress" | "completed" | "failed" | "declined"): string {
  return status === "declined" ? "failed" : status;
}

function todoItems(steps: readonly PlanStep[]): readonly Wire[] {
  return steps.map(({ step, status }) => ({ text: step, completed: status === "completed" }));
}

/** An item without its number; undefined for one that has no form here. */
export function wireItem(item: ThreadItem): Wire | undefined {
  switch (item.type) {
    case "agent_message":
    case "reasoning":
      return { type: item.type, text: item.text };
    case "command_execution":
      return {
        type: item.type,
        command: commandText(item.command),
        aggregated_output: item.aggregatedOutput,
        ...(item.exitCode !== undefined && { exit_code: item.exitCode }),
        status: wireStatus(item.status),
      };
    case "file_change":
      return {
        type: item.type,
        changes: item.changes.map(({ path, kind }) => ({ path, kind })),
        status: wireStatus(item.status),
      };
    case "mcp_tool_call":
      return {
        type: item.type,
        server: item.server,
        tool: item.tool,
        arguments: item.arguments ?? null,
        result:
          item.result === undefined
            ? null
            : { content: item.result.content, structured_content: item.result.structuredContent ?? null },
        error: item.errorMessage === undefined ? null : { message: item.errorMessage },
        status: item.status,
      };
    case "web_search":
      return { type: item.type, query: item.query };
    case "plan":
      return { type: "todo_list", items: todoItems(item.steps) };
    case "compaction":
      return { type: "agent_message", text: compactionNotice };
    case "error":
      return { type: item.type, message: item.message };
    case "image_view":
      return undefined;
  }
}

/** What is said where the history was replaced by a summary. */
export const compactionNotice = "Compact task completed";

const startable: ReadonlySet<ThreadItem["type"]> = new Set(["command_execution", "mcp_tool_call", "plan"]);

/** Whether more than the end of an item is printed. */
export function isShownFromStart(item: ThreadItem): boolean {
  return startable.has(item.type);
}
