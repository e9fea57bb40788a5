// In what a session of `codex exec` differs from one of 0.50.0, each difference with its reason; those that
// matter to a user are in docs/compatibility.md as well. Each turns what 0.50.0 did into what is wanted here.

import { compactedHistory } from "../../agent/conversation/compacted-history.ts";
import { compactionPrompt } from "../../agent/instructions/task-prompts.ts";
import type { InputItem } from "../../agent/model-client/items.ts";
import type { Played } from "./exec-chain.ts";
import type { plays } from "./exec-plays.ts";

export type Compared = Pick<Played, "codes" | "lines" | "stderr" | "requests" | "files">;
type Difference = (original: Compared) => Compared;
type Json = Readonly<Record<string, unknown>>;

function inInputs(change: (items: readonly Json[]) => readonly Json[]): Difference {
  return (original) => ({
    ...original,
    requests: original.requests.map((body) => ({ ...body, input: change(body.input as readonly Json[]) })),
  });
}

/** What the model is told of a call. */
function output(callId: string, text: string): Difference {
  return inInputs((items) =>
    items.map((item) => (item.call_id === callId && "output" in item ? { ...item, output: text } : item)),
  );
}

/** What is told of a command when it has ended. */
function ended(command: string, members: Json): Difference {
  return (original) => ({
    ...original,
    lines: original.lines.map((line) => {
      const item = line.item as Json | undefined;
      const isIt = line.type === "item.completed" && item?.command === command;
      return isIt ? { ...line, item: { ...item, ...members } } : line;
    }),
  });
}

/** Items of a turn are numbered anew, in the order in which they appear. */
function renumbered(lines: readonly Json[]): readonly Json[] {
  const ids = new Map<unknown, string>();
  return lines.map((line) => {
    const item = line.item as Json | undefined;
    if (item === undefined) return line;
    if (!ids.has(item.id)) ids.set(item.id, `item_${ids.size}`);
    return { ...line, item: { ...item, id: ids.get(item.id) } };
  });
}

function inLines(change: (lines: readonly Json[]) => readonly Json[]): Difference {
  return (original) => ({ ...original, lines: renumbered(change(original.lines)) });
}

/** Resources of MCP servers are offered where there is a server. */
const noResourceTools: Difference = (original) => ({
  ...original,
  requests: original.requests.map((body) => ({
    ...body,
    tools: (body.tools as { name?: string }[]).filter(({ name }) => !/mcp_resource/.test(name ?? "")),
  })),
});

/** Results stand behind all calls of their answer, as in later versions: calls may run side by side. */
const resultsBehindCalls = inInputs((items) => {
  const isResult = ({ type }: Json) => String(type).endsWith("_output");
  const isCall = ({ type }: Json) => String(type).endsWith("_call");
  const sorted: Json[] = [];
  let results: Json[] = [];
  for (const item of items) {
    if (isResult(item)) results.push(item);
    else {
      if (!isCall(item)) sorted.push(...results.splice(0));
      sorted.push(item);
    }
  }
  results = [...results];
  return [...sorted, ...results];
});

const userText = (text: string) => ({
  type: "message",
  role: "user",
  content: [{ type: "input_text", text }],
});

interface ExecCommandTool extends Json {
  readonly name?: string;
  readonly parameters: { readonly properties: Json };
}

function withFolderAndWish(tool: ExecCommandTool): ExecCommandTool {
  const properties = {
    ...tool.parameters.properties,
    workdir: { type: "string" },
    with_escalated_permissions: { type: "boolean" },
    justification: { type: "string" },
  };
  return { ...tool, parameters: { ...tool.parameters, properties } };
}

export const always: readonly Difference[] = [noResourceTools];

export const differences: { readonly [title in keyof typeof plays]?: readonly Difference[] } = {
  // It says so, and does not call it a denial of the sandbox.
  "a command that is not there": [
    ended("no-such-program-here", {
      aggregated_output: "the command was not found: no-such-program-here",
    }),
    output("c1", "execution error: the command was not found: no-such-program-here"),
  ],
  // What it wrote is not lost, and the exit code is the shell's.
  "a command that ends by a signal": [
    ended("bash -lc 'echo before; kill -TERM $$'", { aggregated_output: "before\n", exit_code: 143 }),
    output("c1", "Exit code: 143\nWall time: TIME seconds\nOutput:\nbefore\n"),
  ],
  // There, it is left to chance which of them runs first.
  "two calls in one answer": [
    resultsBehindCalls,
    inLines((lines) => {
      const isCommand = ({ item }: Json) => (item as Json | undefined)?.type === "command_execution";
      const first = lines.findIndex(isCommand);
      const commands = lines.filter(isCommand);
      const ofA = commands.filter(({ item }) => String((item as Json).command).includes("echo a"));
      const ofB = commands.filter((line) => !ofA.includes(line));
      return [...lines.slice(0, first), ...ofA, ...ofB, ...lines.slice(first + commands.length)];
    }),
  ],
  // What the command wrote says what was denied; the exit code is its own.
  "a command that the sandbox denies": [
    ended("bash -lc 'touch x'", {
      aggregated_output: "touch: cannot touch 'x': Read-only file system\n",
      exit_code: 1,
    }),
    output("c1", "failed in sandbox: touch: cannot touch 'x': Read-only file system\n"),
  ],
  "a command that may write here but not elsewhere": [
    ended("bash -lc 'echo outside > /usr/outside-of-the-sandbox'", {
      aggregated_output: "bash: line 1: /usr/outside-of-the-sandbox: Read-only file system\n",
      exit_code: 1,
    }),
    output("c2", "failed in sandbox: bash: line 1: /usr/outside-of-the-sandbox: Read-only file system\n"),
  ],
  // A command that was refused is shown, as one that never ran.
  "a wish to leave the sandbox": [
    inLines((lines) => {
      const refused = {
        id: "refused",
        type: "command_execution",
        command: "bash -lc 'touch x'",
        aggregated_output:
          "approval policy is Never; reject command — you should not ask for escalated permissions if the " +
          "approval policy is Never",
        exit_code: -1,
        status: "failed",
      };
      return [...lines.slice(0, 2), { type: "item.completed", item: refused }, ...lines.slice(2)];
    }),
  ],
  // The reasons are worded by another parser; a command of no words is no item.
  "calls that make no sense": [
    resultsBehindCalls,
    output(
      "c2",
      "failed to parse function arguments: not JSON: Expected property name or '}' in JSON at position 1",
    ),
    output("c3", "failed to parse function arguments: unknown field `x`, expected `explanation` or `plan`"),
    inLines((lines) => lines.filter(({ item }) => (item as Json | undefined)?.type !== "command_execution")),
  ],
  // Files are told in the order of the patch, there in one of chance.
  "a patch": [
    inLines((lines) =>
      lines.map((line) => {
        const item = line.item as { readonly changes?: readonly { readonly path: string }[] } | undefined;
        if (item?.changes === undefined) return line;
        const place = ({ path }: { readonly path: string }) =>
          ["CWD/new.txt", "CWD/old.txt", "CWD/gone.txt"].indexOf(path);
        const changes = item.changes.toSorted((one, other) => place(one) - place(other));
        return { ...line, item: { ...item, changes } };
      }),
    ),
  ],
  "pictures, one of them missing": [resultsBehindCalls],
  // Members of an action that were not there are not sent back as null.
  "a shell call in the form of codex-mini": [
    inInputs((items) =>
      items.map((item) => {
        const members = Object.entries((item.action ?? {}) as Json).filter(([, value]) => value !== null);
        return item.action === undefined ? item : { ...item, action: Object.fromEntries(members) };
      }),
    ),
  ],
  // Our own words ask for the summary, and the user's messages stay messages of their own, as in later
  // versions. There, output of a command goes into the summary's request in the form for other models.
  "a history that grows too long before a command's answer": [
    output("c1", "Exit code: 0\nWall time: TIME seconds\nOutput:\na\n"),
    (original) => {
      const [turn, summary, next] = original.requests.map((body) => ({
        body,
        input: body.input as readonly InputItem[],
      }));
      const initial = turn?.input.slice(0, 1) ?? [];
      const asked = [...(summary?.input.slice(0, -1) ?? []), userText(compactionPrompt())];
      const history = compactedHistory({ initial, history: turn?.input ?? [], summary: "SUMMARY" });
      const requests = [
        { ...turn?.body },
        { ...summary?.body, input: asked },
        { ...next?.body, input: history },
      ];
      return { ...original, requests };
    },
  ],
  // A turn that has its answer is over: the summary is made when the next one begins. There, the model is
  // asked for a summary, and then to go on with what it has finished.
  "a history that grows too long with a message": [
    (original) => ({
      ...original,
      requests: original.requests.slice(0, 1),
      lines: [
        ...original.lines.slice(0, 3),
        {
          type: "turn.completed",
          usage: { input_tokens: 250_000, cached_input_tokens: 100, output_tokens: 10 },
        },
      ],
    }),
  ],
  // As in later versions, commands are shown with the shell that runs them, and a command may have its folder
  // and ask to leave the sandbox.
  terminals: [
    inLines((lines) =>
      lines.map((line) => {
        const item = line.item as Json | undefined;
        if (item?.type !== "command_execution") return line;
        return { ...line, item: { ...item, command: `/bin/bash -lc ${item.command}` } };
      }),
    ),
    (original) => ({
      ...original,
      requests: original.requests.map((body) => ({
        ...body,
        tools: (body.tools as readonly ExecCommandTool[]).map((tool) =>
          tool.name === "exec_command" ? withFolderAndWish(tool) : tool,
        ),
      })),
    }),
  ],
};
