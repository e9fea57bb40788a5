// What the model and the service say, as it reaches a terminal and as it reaches a pipe.

import assert from "node:assert/strict";
import { test } from "node:test";
import type { Config } from "../../../agent/config/config.ts";
import { AgentError } from "../../../agent/errors.ts";
import { humanOutput } from "../../../cli/exec/human-output.ts";
import { painter } from "../../../cli/text-style.ts";

function outputOf(isStdoutTerminal: boolean, isStderrTerminal: boolean, text: string) {
  const written = { stdout: "", stderr: "" };
  const sink = (name: "stdout" | "stderr") => ({
    write: (piece: string) => {
      written[name] += piece;
    },
  });
  const output = humanOutput({
    config: {} as Config, // the summary alone looks at it
    ...{ prompt: "", version: "", paint: painter(false), onLastMessage: () => {} },
    ...{ stdout: sink("stdout"), stderr: sink("stderr"), isStdoutTerminal, isStderrTerminal },
  });
  output.show({ type: "item.completed", item: { id: "1", type: "agent_message", text } });
  output.show({ type: "turn.completed", turnId: "t", totalUsage: undefined, lastAgentMessage: text });
  const error = new AgentError(text, { code: "TEST" });
  output.show({ type: "turn.failed", turnId: "t", error, totalUsage: undefined });
  return written;
}

// Clears the screen, sets the title, fills the clipboard, by C1 too; a line that is written over.
const hostile = "a\x1b[2J\x1b]0;t\x07\x1b]52;c;aGk=\x07\x9b31m\x7fb\rc\tü\r\nd";
const visible = "a␛[2J␛]0;t␇␛]52;c;aGk=␇\ufffd31m␡b␍c\tü\r\nd";

test("control characters of others reach a pipe as they are, and no terminal", () => {
  assert.deepEqual(outputOf(false, false, hostile), {
    stdout: `${hostile}\n`,
    stderr: `codex\n${hostile}\nERROR: ${hostile}\n`,
  });
  assert.deepEqual(outputOf(false, true, hostile), {
    stdout: `${hostile}\n`,
    stderr: `codex\n${visible}\nERROR: ${visible}\n`,
  });
  assert.deepEqual(outputOf(true, false, hostile), {
    stdout: `${visible}\n`,
    stderr: `codex\n${hostile}\nERROR: ${hostile}\n`,
  });
});

test("a message is shown once where stdout and stderr are terminals", () => {
  assert.deepEqual(outputOf(true, true, "hi"), { stdout: "", stderr: "codex\nhi\nERROR: hi\n" });
});

test("the name of a folder reaches a terminal as visible characters in the summary, too", () => {
  const summary = (isStderrTerminal: boolean) => {
    let stderr = "";
    const sink = { write: (text: string) => (stderr += text) };
    const config = {
      ...{ cwd: `/${hostile}`, model: hostile, proxy: hostile },
      ...{ approvalPolicy: "never", sandboxMode: "danger-full-access" },
    } as unknown as Config;
    const output = humanOutput({
      ...{ config, prompt: "p", version: "1", paint: painter(false), onLastMessage: () => {} },
      ...{ stdout: sink, stderr: sink, isStdoutTerminal: false, isStderrTerminal },
    });
    output.show({ type: "thread.started", threadId: "t", isResumed: false });
    return stderr.slice(0, stderr.indexOf("approval:"));
  };
  const expected = (words: string) =>
    `Codex v1\n--------\nworkdir: /${words}\nmodel: ${words}\nproxy: ${words}\n`;
  assert.deepEqual([summary(true), summary(false)], [expected(visible), expected(hostile)]);
});

test("the summary says where commands may write, in one line", () => {
  const config = {
    ...{ cwd: "/w", model: "m", proxy: "unix:/s", approvalPolicy: "never", sandboxMode: "workspace-write" },
    workspaceWrite: {
      writableRoots: ["/no-such-root"],
      networkAccess: true,
      excludeTmpdirEnvVar: true,
      excludeSlashTmp: false,
    },
  } as unknown as Config;
  let stderr = "";
  const sink = { write: (text: string) => (stderr += text) };
  const output = humanOutput({
    ...{ config, prompt: "p", version: "1", paint: painter(false), onLastMessage: () => {} },
    ...{ stdout: sink, stderr: sink, isStdoutTerminal: false, isStderrTerminal: false },
  });
  output.show({ type: "thread.started", threadId: "t", isResumed: false });
  assert.match(
    stderr,
    /^sandbox: workspace-write \[workdir, \/tmp, \/no-such-root\] \(network access enabled\)$/m,
  );
});
