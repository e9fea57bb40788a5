// Items of a thread as lines for people: what was run and how it ended, which files were changed, the plan.
// Pure: whoever prints them decides when.

import { commandText } from "../../agent/command-text.ts";
import type { FileChange, ThreadItem } from "../../agent/thread/thread-events.ts";
import { durationText } from "../duration.ts";
import type { Paint } from "../text-style.ts";

type ItemOf<Type extends ThreadItem["type"]> = Extract<ThreadItem, { readonly type: Type }>;

const maxOutputLines = 20;
const maxLineChars = 1000;

/** The first lines of what something wrote; without an end of its own. */
function firstLines(output: string, limit = maxOutputLines): string {
  const lines = output.split("\n", limit + 1);
  const isWhole = lines.length <= limit;
  if (isWhole && lines.at(-1) === "") lines.pop();
  return lines.slice(0, limit).map(beginning).join("\n");
}

// A minified file is one line, and would be all that a terminal shows.
function beginning(line: string): string {
  if (line.length <= maxLineChars) return line;
  const kept = line.slice(0, maxLineChars).replace(/[\ud800-\udbff]$/, "");
  return `${kept}… (${line.length - kept.length} more characters)`;
}

/** `bash -lc 'echo hi' in /work` */
export function commandLine(item: ItemOf<"command_execution">, paint: Paint): string {
  return `${paint("bold", commandText(item.command))} in ${item.cwd}`;
}

/** `succeeded in 4ms:` and the beginning of what the command wrote. */
export function commandEnd(item: ItemOf<"command_execution">, paint: Paint): string {
  const took = item.durationMs === undefined ? "" : ` in ${durationText(item.durationMs)}`;
  const how =
    item.status === "declined"
      ? paint("red", "was not allowed:")
      : item.exitCode === 0
        ? paint("green", `succeeded${took}:`)
        : paint("red", `exited ${item.exitCode ?? -1}${took}:`);
  const output = firstLines(item.aggregatedOutput);
  return output === "" ? how : `${how}\n${output}`;
}

const changeLetters = { add: "A", delete: "D", update: "M" } as const;

function painted(diff: string, paint: Paint): string {
  return diff
    .split("\n")
    .map((line) => {
      if (line.startsWith("+")) return paint("green", line);
      return line.startsWith("-") ? paint("red", line) : line;
    })
    .join("\n");
}

function changeText(change: FileChange, paint: Paint): string {
  const isMove = change.kind === "update" && change.moveTo !== undefined;
  const head = isMove
    ? `${paint("bold", "R")} ${change.path} -> ${change.moveTo}`
    : `${paint("bold", changeLetters[change.kind])} ${change.path}`;
  const body = (change.kind === "update" ? painted(change.unifiedDiff, paint) : change.content).replace(
    /\n$/,
    "",
  );
  return body === "" ? head : `${head}\n${body}`;
}

/** Each file of a patch: what happens to it, and its diff or content. */
export function changesText(changes: readonly FileChange[], paint: Paint): string {
  return changes.map((change) => changeText(change, paint)).join("\n");
}

/** How a patch ended, and what the patch program said. */
export function changeEnd(item: ItemOf<"file_change">, paint: Paint): string {
  const took = item.durationMs === undefined ? "" : ` in ${durationText(item.durationMs)}`;
  const exitCode = item.exitCode ?? (item.status === "completed" ? 0 : 1);
  const how =
    item.status === "declined"
      ? "was not allowed:"
      : `apply_patch(auto_approved=${item.wasAsked !== true}) exited ${exitCode}${took}:`;
  const output = (item.output ?? "").replace(/\n$/, "");
  const head = paint(item.status === "completed" ? "green" : "red", how);
  return output === "" ? head : `${head}\n${output}`;
}

/** A diff of git's, without its last line end. */
export function diffText(unifiedDiff: string, paint: Paint): string {
  return painted(unifiedDiff.replace(/\n$/, ""), paint);
}

const stepMarks = { completed: "✓", in_progress: "→", pending: "•" } as const;

/** The explanation, and each step with a mark for how far it is. */
export function planText(item: ItemOf<"plan">, paint: Paint): string {
  const steps = item.steps.map(({ step, status }) => {
    const line = `  ${stepMarks[status]} ${step}`;
    return status === "completed" ? paint("green", line) : status === "pending" ? paint("dim", line) : line;
  });
  return [...(item.explanation ? [item.explanation] : []), ...steps].join("\n");
}

/** `server.tool({"a":1})` */
export function toolCallText(item: ItemOf<"mcp_tool_call">): string {
  const { arguments: given } = item;
  return `${item.server}.${item.tool}(${given === undefined || given === null ? "" : JSON.stringify(given)})`;
}

/** `success in 1ms:` and the beginning of the result. */
export function toolCallEnd(item: ItemOf<"mcp_tool_call">, paint: Paint): string {
  const took = item.durationMs === undefined ? "" : ` in ${durationText(item.durationMs)}`;
  const hasFailed = item.status === "failed";
  const head = paint(hasFailed ? "red" : "green", `${hasFailed ? "failed" : "success"}${took}:`);
  const result = item.errorMessage ?? (item.result && JSON.stringify(item.result, undefined, 2)) ?? "";
  const text = firstLines(result);
  return text === "" ? head : `${head}\n${text}`;
}
