// What the model reads of the same calls, beside 0.50.0: the texts of function_call_output, and the differences
// that docs/compatibility.md lists.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { ResponseEvent } from "../mock/response-events.ts";
import { says } from "../mock/scenarios.ts";
import { type Step, startScriptedUpstream } from "../mock/scripted-upstream.ts";
import { inFreshPlace, ours, reference, runSubject, type Subject } from "./originals.ts";

interface Call {
  readonly name?: string;
  readonly args: unknown;
}

function calls({ name = "shell", args }: Call, index: number): Step {
  const item = {
    ...{ type: "function_call", id: `fc_${index}`, call_id: `call_${index}`, name },
    arguments: typeof args === "string" ? args : JSON.stringify(args),
  };
  const events: readonly ResponseEvent[] = [
    { type: "response.created", response: { id: "resp" } },
    { type: "response.output_item.done", item },
    { type: "response.completed", response: { id: "resp" } },
  ];
  return { events };
}

/** What one of the programs answers to each call. */
async function outputs(subject: Subject, list: readonly Call[], args: readonly string[]): Promise<string[]> {
  const upstream = await startScriptedUpstream([...list.map(calls), says("done")]);
  try {
    return await inFreshPlace(async (place) => {
      const provider = `{name="mock",base_url="${upstream.baseUrl}",wire_api="responses"}`;
      const settings = ["-c", `model_providers.mock=${provider}`, "-c", "model_provider=mock"];
      const run = await runSubject(subject, {
        ...place,
        args: ["exec", "--skip-git-repo-check", ...settings, ...args, "go"],
        env: { TERM: "xterm" },
      });
      assert.equal(run.code, 0, run.stderr);
      const input = upstream.requests.at(-1)?.body.input as readonly { type: string; output?: unknown }[];
      const texts = input.flatMap(({ type, output }) =>
        type === "function_call_output" ? [String(output)] : [],
      );
      return texts.map((text) => normalised(text.replaceAll(place.cwd, "CWD")));
    });
  } finally {
    await upstream.close();
  }
}

function normalised(text: string): string {
  return text
    .replace(/Wall time: [\d.]+ seconds/, "Wall time: N seconds")
    .replace(/"duration_seconds":\d+\.\d/, '"duration_seconds":N')
    .replace(/timed out after \d+ milliseconds/, "timed out after N milliseconds")
    .replace(/"chunk_id":"[0-9a-f]{6}","wall_time_seconds":[\d.]+/, '"chunk_id":"ID","wall_time_seconds":N');
}

const script = (text: string) => ({ command: ["sh", "-c", text] });

const same: readonly Call[] = [
  { args: script("echo out; exit 3") },
  { args: script("true") },
  { name: "container.exec", args: { command: ["echo", "alias"] } },
  { args: { command: [] } },
  { args: { command: ["seq", "257"] } },
  { args: { command: ["seq", "1000"] } },
  { args: script("seq 300; head -c 20000 /dev/zero | tr '\\0' a; exit 1") },
  { args: script("for i in $(seq 200); do head -c 99 /dev/zero | tr '\\0' a; echo $i; done") },
  { args: script("printf 'a\\377b\\303'") },
  { args: { ...script("echo began; exec sleep 1000"), timeout_ms: 1500 } },
  { args: { ...script("echo began; exec sleep 1000"), timeout: 1500 } },
  { args: { command: ["pwd"], workdir: "/usr" } },
  { args: { command: ["echo"], with_escalated_permissions: true, justification: "x" } },
  { name: "nope", args: {} },
];

const sameInTerminals: readonly Call[] = [
  { name: "exec_command", args: { cmd: "cat", login: false, yield_time_ms: 500 } },
  { name: "write_stdin", args: { session_id: 0, chars: "typed\n", yield_time_ms: 1500 } },
  { name: "write_stdin", args: { session_id: 99 } },
];

describe("what the model reads of its commands, beside 0.50.0", { skip: reference.skip }, () => {
  for (const model of ["gpt-5-codex", "gpt-4.1"]) {
    test(`is the same for results, limits of time and size, and refusals, with ${model}`, async () => {
      const [own, original] = await Promise.all(
        [ours, reference].map((subject) => outputs(subject, same, ["-m", model])),
      );
      assert.equal(own?.length, same.length);
      assert.deepEqual(own, original);
    });
  }

  test("is the same for commands in terminals", async () => {
    const args = ["-m", "gpt-5-codex", "--enable", "unified_exec", "--yolo"];
    const [own, original] = await Promise.all(
      [ours, reference].map((subject) => outputs(subject, sameInTerminals, args)),
    );
    assert.equal(own?.length, sameInTerminals.length);
    assert.deepEqual(own, original);
  });

  test("has all of a command that ends at once in a terminal, some of which the original loses by chance", async () => {
    const list: readonly Call[] = [
      { name: "exec_command", args: { cmd: "echo hi; exit 4", login: false } },
      { name: "exec_command", args: { cmd: "stty size; test -t 0 && echo terminal", login: false } },
    ];
    const args = ["-m", "gpt-5-codex", "--enable", "unified_exec", "--yolo"];
    assert.deepEqual(await outputs(ours, list, args), [
      '{"chunk_id":"ID","wall_time_seconds":N,"output":"hi\\r\\n","exit_code":4}',
      '{"chunk_id":"ID","wall_time_seconds":N,"output":"24 80\\r\\nterminal\\r\\n","exit_code":0}',
    ]);
  });

  test("says more where the original loses what a command wrote", async () => {
    const list: readonly Call[] = [
      { args: { command: ["no-such-command"] } },
      { args: { command: ["pwd"], workdir: "/missing" } },
      { args: script("echo last; kill -9 $$") },
      { args: script("echo on; touch /etc/new-file") },
      { args: script("head -c 20000 /dev/zero | tr '\\0' a; echo END") },
    ];
    const seen = await Promise.all(
      [ours, reference].map((subject) => outputs(subject, list, ["-m", "gpt-5-codex"])),
    );
    const [own, original] = seen as [string[], string[]];
    const missing =
      'execution error: Io(Os { code: 2, kind: NotFound, message: "No such file or directory" })';
    assert.deepEqual(original.slice(0, 3), [
      "failed in sandbox",
      missing,
      "execution error: Sandbox(Signal(9))",
    ]);
    assert.deepEqual(own.slice(0, 3), [
      "execution error: the command was not found: no-such-command",
      "execution error: the command could not be started: /missing is not a folder",
      "Exit code: 137\nWall time: N seconds\nOutput:\nlast\n",
    ]);
    assert.equal(original[3], "failed in sandbox: Permission denied");
    assert.match(own[3] as string, /^failed in sandbox: on\ntouch: .*\/etc\/new-file/);
    assert.deepEqual(
      [own, original].map((texts) => texts[4]?.endsWith("aEND\n")),
      [true, false],
    );
  });

  test("comes without waiting for what a command has left in the background with its output in hand", async () => {
    const list: readonly Call[] = [{ args: script("sleep 1000 & echo started $!") }];
    const [text] = await outputs(ours, list, ["-m", "gpt-5-codex", "--yolo"]);
    const [, pid] =
      /^Exit code: 0\nWall time: N seconds\nOutput:\nstarted (\d+)\n$/.exec(text as string) ?? [];
    process.kill(Number(pid), "SIGKILL"); // it is still there
  });
});
