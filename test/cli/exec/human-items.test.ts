// Every kind of item and event as a log and as a terminal show it.

import assert from "node:assert/strict";
import { test } from "node:test";
import type { Config } from "../../../agent/config/config.ts";
import type { ThreadEvent } from "../../../agent/thread/thread-events.ts";
import { humanOutput } from "../../../cli/exec/human-output.ts";
import { statusLine } from "../../../cli/exec/status-line.ts";
import { painter } from "../../../cli/text-style.ts";
import {
  completed,
  endedCommand,
  endedPatch,
  everything,
  runningCommand,
  runningPatch,
  started,
  turnCompleted,
  turnFailed,
} from "./items.ts";

const config = { proxy: "unix:/s", cwd: "/work", model: "m", approvalPolicy: "never" } as unknown as Config;

/** What stderr and stdout get, without the summary. */
function shown(events: readonly ThreadEvent[], { hasColours = false, isTerminal = false } = {}) {
  let stderr = "";
  let stdout = "";
  const output = humanOutput({
    ...{ config, prompt: "p", version: "1", paint: painter(hasColours), onLastMessage: () => {} },
    stdout: { write: (text) => (stdout += text) },
    stderr: { write: (text) => (stderr += text) },
    isStdoutTerminal: false,
    isStderrTerminal: isTerminal,
  });
  for (const event of events) if (event.type !== "thread.started") output.show(event);
  return { stderr, stdout };
}

const patchText = [
  "file update",
  "M /work/old.txt",
  "@@ -1,2 +1,2 @@",
  "-a",
  "+b",
  " c",
  "R /work/a -> /work/b",
  "@@ -1 +1 @@",
  "-x",
  "+y",
  "A /work/new.txt",
  "one",
  "two",
  "D /work/gone.txt",
  "bye",
  "A /work/empty",
  "apply_patch(auto_approved=true) exited 0 in 6ms:",
  "Success. Updated the following files:",
];

test("a log has each item in plain lines, and names a command again where another has spoken", () => {
  assert.deepEqual(shown(everything), {
    stdout: "Done.\n",
    stderr: [
      "",
      "thinking",
      "about it",
      "codex",
      "I look.",
      "Plan update",
      "why",
      "  → first",
      "  • second",
      "exec",
      "bash -lc 'echo hi' in /work succeeded in 4ms:",
      "hi",
      "exec",
      "bash -lc 'echo hi' in /work",
      "exec",
      "bash -lc 'echo hi' in /work",
      "exec",
      "bash -lc 'echo hi' in /work exited 3 in 1.50s:",
      "no",
      "exec",
      "bash -lc 'echo hi' in /work was not allowed:",
      "not allowed",
      ...patchText,
      'tool files.read({"path":"/a"})',
      'files.read({"path":"/a"}) success in 1ms:',
      "{",
      '  "content": [',
      "    {",
      '      "type": "text",',
      '      "text": "hi"',
      "    }",
      "  ]",
      "}",
      'tool files.read({"path":"/a"})',
      'files.read({"path":"/a"}) failed in 2ms:',
      "gone",
      "🌐 Searched: cats",
      "viewed image /work/a.png",
      "codex",
      "Compact task completed",
      "warning: be careful",
      "Plan update",
      "  ✓ first",
      "  → second",
      "codex",
      "Done.",
      "tokens used",
      "1,150",
      "",
    ].join("\n"),
  });
});

test("of what a command wrote the first twenty lines are shown", () => {
  const numbers = Array.from({ length: 30 }, (_, index) => String(index + 1));
  const run = (lines: readonly string[]) =>
    shown([
      started(runningCommand),
      completed({ ...endedCommand, aggregatedOutput: `${lines.join("\n")}\n` }),
    ]).stderr;
  const head = "exec\nbash -lc 'echo hi' in /work succeeded in 4ms:\n";
  assert.equal(run(numbers), `${head}${numbers.slice(0, 20).join("\n")}\n`);
  assert.equal(run(numbers.slice(0, 20)), `${head}${numbers.slice(0, 20).join("\n")}\n`);
});

test("of a very long line the beginning is shown, with whole characters, and how much there is more", () => {
  const run = (line: string) =>
    shown([started(runningCommand), completed({ ...endedCommand, aggregatedOutput: `${line}\nb\n` })]).stderr;
  const head = "exec\nbash -lc 'echo hi' in /work succeeded in 4ms:\n";
  const a = "a".repeat(1000);
  assert.equal(run(a), `${head}${a}\nb\n`);
  assert.equal(run(`${a}ab`), `${head}${a}… (2 more characters)\nb\n`);
  assert.equal(run(`${a.slice(1)}😀`), `${head}${a.slice(1)}… (2 more characters)\nb\n`);
});

test("a long pause that the service asks for is told", () => {
  const told = (waitMs: number) => shown([{ type: "turn.waiting", waitMs }]).stderr;
  assert.equal(told(39_001), "The service takes no request now: asking again in 40s\n");
  assert.equal(told(125_000), "The service takes no request now: asking again in 2m 05s\n");
});

test("the diff of a turn is shown at its end where more than one patch has made it", () => {
  const diff: ThreadEvent = { type: "turn.diff", unifiedDiff: "diff --git a/x b/x\n-a\n+b\n" };
  const patch = [started(runningPatch), completed(endedPatch), diff];
  const once = shown([...patch, turnFailed]).stderr;
  assert.equal(once, [...patchText, "ERROR: it broke", "hint: mend it", ""].join("\n"));
  const twice = shown([...patch, ...patch, turnFailed]).stderr;
  const end = ["file update:", "diff --git a/x b/x", "-a", "+b", "ERROR: it broke", "hint: mend it", ""];
  assert.equal(twice, [...patchText, ...patchText, ...end].join("\n"));
});

test("an interrupted turn ends the line of the command that ran", () => {
  const events = [started(runningCommand), { type: "turn.interrupted", turnId: "t" } as const];
  assert.equal(shown(events).stderr, "exec\nbash -lc 'echo hi' in /work\ninterrupted\n");
});

test("colours are ours alone: what others wrote steers no terminal, wherever it stands in an item", () => {
  const evil = "a\x1b]52;c;aGk=\x07\x9b2J";
  const visible = "a␛]52;c;aGk=␇\ufffd2J";
  const events: readonly ThreadEvent[] = [
    completed({ ...endedCommand, command: [evil], cwd: evil, aggregatedOutput: evil }),
    completed({ ...endedPatch, output: evil, changes: [{ kind: "add", path: evil, content: evil }] }),
    completed({
      ...{ id: "m", type: "mcp_tool_call", callId: "3", server: evil, tool: evil, status: "failed" },
      ...{ arguments: { [evil]: evil }, errorMessage: evil },
    }),
    completed({ id: "p", type: "web_search", query: evil }),
    completed({ id: "i", type: "image_view", path: evil }),
    completed({ id: "e", type: "error", message: evil }),
    started({ id: "q", type: "plan", explanation: evil, steps: [{ step: evil, status: "pending" }] }),
  ];
  const { stderr } = shown(events, { hasColours: true, isTerminal: true });
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the colours are what is taken out
  const withoutColours = stderr.replace(/\x1b\[[0-9;]+m/g, "");
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  assert.doesNotMatch(withoutColours, /[\x00-\x09\x0b-\x1f\x7f-\x9f]/);
  assert.equal(withoutColours.split(visible).length - 1, 16, withoutColours);
  assert.ok(shown(events).stderr.includes(evil), "a log gets it as it was");
});

test("a terminal shows on its last line what runs, and leaves nothing of it behind", () => {
  let screen = "";
  let now = 0;
  let tick = () => {};
  let isTicking = false;
  const status = statusLine({
    terminal: { write: (text) => (screen += text), columns: 30 },
    paint: painter(true),
    now: () => now,
    everySecond: (callback) => {
      tick = callback;
      isTicking = true;
      return () => {
        isTicking = false;
      };
    },
  });
  const output = humanOutput({
    ...{ config, prompt: "p", version: "1", paint: painter(false), onLastMessage: () => {} },
    ...{ stdout: { write: () => {} }, stderr: status.sink, status },
    ...{ isStdoutTerminal: true, isStderrTerminal: true },
  });
  const step = (ms: number) => {
    now += ms;
    tick();
  };
  output.show({ type: "turn.started", turnId: "t" });
  step(2000);
  output.show(started(runningCommand));
  step(1000);
  output.show(completed(endedCommand));
  step(500);
  output.show(turnCompleted);
  const line = (text: string) => `\x1b[2m${text}\x1b[0m\r\x1b[K`;
  assert.deepEqual(
    [screen, isTicking],
    [
      `${line("Working 2s (ctrl-c to interru")}exec\nbash -lc 'echo hi' in /work\n` +
        `${line("Running 1s (ctrl-c to interru")} succeeded in 4ms:\nhi\ntokens used\n1,150\n`,
      false,
    ],
  );
});
