import assert from "node:assert/strict";
import fs from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, test } from "node:test";
import type { Approver } from "../../../../agent/approval/approver.ts";
import type { Config } from "../../../../agent/config/config.ts";
import type { OwnedExecutor } from "../../../../agent/execution/create-executor.ts";
import { type ShellToolOptions, shellTool } from "../../../../agent/tools/shell/shell.ts";
import { type ToolContext, ToolFailure, TurnAborted } from "../../../../agent/tools/tool.ts";
import { makeFolder } from "../../../cli/codex-process.ts";
import { waitFor } from "../../../wait-for.ts";
import {
  executorIn,
  fullAccess,
  ownSeconds,
  processesWith,
  wholeEnvironment,
  workspaceWrite,
} from "../../execution/commands.ts";
import { callFunction, startTurn } from "../turn.ts";

let folder: string;
let executor: OwnedExecutor;
beforeEach(() => {
  folder = fs.realpathSync(makeFolder());
  fs.mkdirSync(join(folder, "home"));
  executor = executorIn(folder);
});
afterEach(() => {
  executor.close();
  fs.rmSync(folder, { recursive: true });
});

const tool = (options: Partial<ShellToolOptions> = {}) =>
  shellTool({ form: "text", interceptPatch: async () => undefined, ...options });

function turn(changes: Partial<ToolContext> = {}, config: Partial<Config> = {}) {
  return startTurn(
    {
      cwd: folder,
      codexHome: join(folder, "home"),
      approvalPolicy: "never",
      shellEnvironmentPolicy: wholeEnvironment,
      ...config,
    },
    { policy: fullAccess, executor, ...changes },
  );
}

const call = async (
  args: unknown,
  changes: Partial<ToolContext> = {},
  options: Partial<ShellToolOptions> = {},
) => (await callFunction(tool(options), args, turn(changes).context)).output;
const script = (text: string) => ({ command: ["sh", "-c", text] });
const withoutTime = (text: string) =>
  text.replace(/Wall time: [\d.]+ seconds|"duration_seconds":\d+\.\d/, "TIME");

async function refusal(promise: Promise<unknown>): Promise<string> {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof ToolFailure, String(error));
  return error.message;
}

describe("what the model reads", () => {
  test("of a result is text with its exit code and time, or the same as JSON", async () => {
    const args = script("echo a; echo b >&2; exit 3");
    assert.match(await call(args), /^Exit code: 3\nWall time: \d+(\.\d)? seconds\nOutput:\n(a\nb|b\na)\n$/);
    const text = await call(script("echo a; exit 3"), {}, { form: "json" });
    assert.equal(withoutTime(text), '{"output":"a\\n","metadata":{"exit_code":3,TIME}}');
    assert.match(text, /"duration_seconds":\d+\.\d\}\}$/);
  });

  test("of many lines says how many there were, in each form where the original says it", async () => {
    const body = /1\n[\s\S]*\n128\n\n\[\.\.\. omitted 744 of 1000 lines \.\.\.\]\n\n873\n[\s\S]*\n1000\n/;
    const text = await call({ command: ["seq", "1000"] });
    assert.match(
      text,
      new RegExp(`^Exit code: 0\\n.*\\nTotal output lines: 1000\\nOutput:\\n${body.source}$`),
    );
    const json = JSON.parse(await call({ command: ["seq", "1000"] }, {}, { form: "json" }));
    assert.match(json.output, new RegExp(`^Total output lines: 1000\\n\\n${body.source}$`));
  });

  test("of few long lines says it in front of them", async () => {
    const text = await call(script("head -c 30000 /dev/zero | tr '\\0' a; echo; echo end"));
    assert.match(
      text,
      /\nOutput:\nTotal output lines: 2\n\na+\n\[\.\.\. output truncated to fit 10240 bytes \.\.\.\]\n\na+\nend\n$/,
    );
  });

  test("of one that takes too long begins with that, under either name of the limit", async () => {
    for (const name of ["timeout_ms", "timeout"]) {
      const text = await call({ ...script("echo began; sleep 1000"), [name]: 1000 });
      assert.match(
        text,
        /^Exit code: 124\nWall time: .*\nOutput:\ncommand timed out after \d+ milliseconds\nbegan\n$/,
      );
    }
  });

  test("of one that was killed has what it wrote, and the status of a shell", async () => {
    assert.match(await call(script("echo last; kill -9 $$")), /^Exit code: 137\n.*\nOutput:\nlast\n$/);
  });

  test("of one that cannot be started is why", async () => {
    for (const policy of [fullAccess, workspaceWrite]) {
      assert.deepEqual(
        [
          await refusal(call({ command: ["no-such-command", "x"] }, { policy })),
          await refusal(call({ command: ["true"], workdir: "missing" }, { policy })),
          await refusal(call({ command: ["echo", "x".repeat(200_000)] }, { policy })),
          await refusal(call({ command: ["echo", "a\0b"] }, { policy })),
          await refusal(call({ command: ["true"], workdir: "a\0b" }, { policy })),
        ],
        [
          "execution error: the command was not found: no-such-command",
          `execution error: the command could not be started: ${folder}/missing is not a folder`,
          "execution error: the command could not be started: its arguments are longer than the system takes, " +
            "128 KiB for one; write them to a file first",
          ...Array(2).fill(
            "execution error: the command could not be started: a null character is in it or in its folder",
          ),
        ],
      );
    }
  });

  test("of arguments that do not fit says which", async () => {
    const said = async (args: unknown) => refusal(call(args));
    const prefix = "failed to parse function arguments: ";
    assert.equal(await said({ command: [] }), "command args are empty");
    assert.equal(await said({ cmd: ["ls"] }), `${prefix}missing field \`command\``);
    assert.equal(await said({ command: "ls" }), `${prefix}invalid type: string "ls", expected a sequence`);
    assert.ok((await said("nonsense")).startsWith(prefix));
    for (const timeout_ms of [-5, 1.5]) {
      assert.match(
        await said({ command: ["ls"], timeout_ms }),
        /^failed to parse function arguments: .*timeout_ms/,
      );
    }
  });
});

test("a command runs in the working directory of the session, or in that of the call, which starts there", async () => {
  fs.mkdirSync(join(folder, "sub"));
  const places = [undefined, "", "sub", "/"];
  const seen = await Promise.all(places.map((workdir) => call({ command: ["pwd"], workdir })));
  assert.deepEqual(
    seen.map((text) => text.split("\n").at(-2)),
    [folder, folder, join(folder, "sub"), "/"],
  );
});

test("a local_shell item is the same command, and the environment that it names is not taken", async () => {
  const action = {
    type: "exec",
    command: ["sh", "-c", "echo $A$(pwd)"],
    working_directory: "/",
    env: { A: "x" },
  };
  const local = {
    callId: "c",
    kind: "local_shell",
    name: "local_shell",
    input: JSON.stringify(action),
  } as const;
  const { output } = await tool({ form: "json" }).run(local, turn().context);
  assert.equal(JSON.parse(output).output, "/\n");
});

test("it answers to the names of several years, and is offered as a function or as the service's own", () => {
  assert.deepEqual(tool().names, ["shell", "container.exec", "local_shell"]);
  assert.deepEqual(tool({ offeredAs: "local_shell" }).schema, { type: "local_shell" });
  const { parameters, ...schema } = tool().schema as { parameters: { properties: object } };
  assert.deepEqual(
    { ...schema, description: "" },
    { type: "function", name: "shell", description: "", strict: false },
  );
  assert.deepEqual(Object.keys(parameters.properties), [
    "command",
    "justification",
    "timeout_ms",
    "with_escalated_permissions",
    "workdir",
  ]);
  assert.deepEqual(
    { ...parameters, properties: {} },
    {
      type: "object",
      properties: {},
      required: ["command"],
      additionalProperties: false,
    },
  );
});

test("a command that is a patch is never started", async () => {
  const seen: unknown[] = [];
  const output = await call(
    { command: ["apply_patch", "*** Begin Patch"], workdir: "sub" },
    { executor: { run: async () => assert.fail("started"), open: async () => assert.fail("opened") } },
    {
      interceptPatch: async (command, cwd) => {
        seen.push(command, cwd);
        return { output: "patched" };
      },
    },
  );
  assert.deepEqual([output, seen], ["patched", [["apply_patch", "*** Begin Patch"], join(folder, "sub")]]);
});

test("the listener hears of the start, of what is written, and of the end", async () => {
  const { context, reports } = turn();
  await callFunction(tool(), script("echo one; exit 4"), context);
  const facts = {
    type: "command_execution",
    callId: "call",
    command: ["sh", "-c", "echo one; exit 4"],
    cwd: folder,
  };
  const [start, delta, end] = reports as [unknown, unknown, ["complete", { durationMs: number }]];
  const { durationMs } = end[1];
  assert.ok(durationMs > 0);
  assert.deepEqual(
    [start, delta, end, reports.length],
    [
      ["start", { ...facts, aggregatedOutput: "", status: "in_progress" }],
      ["delta", "one\n"],
      ["complete", { ...facts, aggregatedOutput: "one\n", exitCode: 4, durationMs, status: "failed" }],
      3,
    ],
  );
});

test("the listener gets the whole of an output that the model gets in part", async () => {
  const { context, reports } = turn();
  await callFunction(tool(), { command: ["seq", "3000"] }, context);
  const last = reports.at(-1)?.[1] as { aggregatedOutput: string; status: string };
  assert.deepEqual([last.aggregatedOutput.split("\n").length, last.status], [3001, "completed"]);
});

test("what the sandbox refuses goes back to the model, where nobody may be asked", async () => {
  const { context, reports } = turn({ policy: workspaceWrite });
  const text = await refusal(callFunction(tool(), script("echo on; echo x >/etc/new-file"), context));
  assert.match(text, /^failed in sandbox: on\n.*\/etc\/new-file/);
  assert.ok(!fs.existsSync("/etc/new-file"));
  const last = reports.at(-1)?.[1] as { status: string; exitCode: number };
  assert.deepEqual([last.status, last.exitCode], ["failed", 2]);
  assert.match(await call(script("touch here"), { policy: workspaceWrite }), /^Exit code: 0\n/);
});

test("a program that is missing in the sandbox is no reason to ask for leaving it", async () => {
  const approver: Approver = { decide: () => assert.fail("asked") };
  const { context } = turn({ policy: workspaceWrite, approver }, { approvalPolicy: "on-failure" });
  const text = await refusal(callFunction(tool(), { command: ["no-such-command"] }, context));
  assert.equal(text, "execution error: the command was not found: no-such-command");
});

test("a command that nobody allows never runs: the listener hears why, and so does the model", async () => {
  const approver: Approver = { decide: async () => "denied" };
  const { context, reports } = turn({ policy: workspaceWrite, approver }, { approvalPolicy: "untrusted" });
  assert.equal(
    await refusal(callFunction(tool(), script("touch made"), context)),
    "exec command rejected by user",
  );
  assert.ok(!fs.existsSync(join(folder, "made")));
  assert.deepEqual(reports, [
    [
      "report",
      {
        ...{ type: "command_execution", callId: "call", command: ["sh", "-c", "touch made"], cwd: folder },
        ...{
          aggregatedOutput: "exec command rejected by user",
          exitCode: -1,
          durationMs: 0,
          status: "declined",
        },
      },
    ],
  ]);
  const leaves: Approver = { decide: async () => "abort" };
  const other = turn({ policy: workspaceWrite, approver: leaves }, { approvalPolicy: "untrusted" });
  await assert.rejects(callFunction(tool(), script("touch made"), other.context), TurnAborted);
});

test("a command that is allowed after the sandbox refused it runs again without one, as the same item", async () => {
  const target = join(makeFolder(), "outside");
  const approver: Approver = { decide: async () => "approved" };
  const { context, reports } = turn({ policy: workspaceWrite, approver }, { approvalPolicy: "on-failure" });
  const { output } = await callFunction(tool(), { command: ["cp", "/etc/hostname", target] }, context);
  const seen = [
    fs.existsSync(target),
    withoutTime(output),
    reports.map(([what]) => what).filter((what) => what !== "delta"),
  ];
  fs.rmSync(join(target, ".."), { recursive: true });
  assert.deepEqual(seen, [true, "Exit code: 0\nTIME\nOutput:\n", ["start", "complete"]]);
});

test("an interrupt kills what runs, and the item ends with what was written until then", async () => {
  const seconds = ownSeconds();
  const abort = new AbortController();
  const { context, reports } = turn({ signal: abort.signal });
  const running = callFunction(tool(), script(`echo on; trap "" TERM; sleep ${seconds} & wait`), context);
  await waitFor(() => reports.some(([what]) => what === "delta"), "the first output");
  abort.abort(new Error("interrupted"));
  await assert.rejects(running, /^Error: interrupted$/);
  await waitFor(() => processesWith(seconds).length === 0, "the end of all");
  const [what, item] = reports.at(-1) as unknown as [
    string,
    { aggregatedOutput: string; exitCode: number; status: string },
  ];
  assert.deepEqual(
    [what, item.aggregatedOutput, item.exitCode, item.status],
    ["complete", "on\n", -1, "failed"],
  );
});
