import assert from "node:assert/strict";
import fs from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, test } from "node:test";
import type { Approver } from "../../../../agent/approval/approver.ts";
import type { Config } from "../../../../agent/config/config.ts";
import type { OwnedExecutor } from "../../../../agent/execution/create-executor.ts";
import {
  type ExecCommandTools,
  execCommandTools,
} from "../../../../agent/tools/exec-command/exec-command.ts";
import { type ToolContext, ToolFailure } from "../../../../agent/tools/tool.ts";
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
let tools: ExecCommandTools;
beforeEach(() => {
  folder = fs.realpathSync(makeFolder());
  fs.mkdirSync(join(folder, "home"));
  executor = executorIn(folder);
  tools = execCommandTools({ interceptPatch: async () => undefined, maxSessions: 3 });
});
afterEach(async () => {
  await tools.close();
  executor.close();
  fs.rmSync(folder, { recursive: true });
});

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

interface Told {
  readonly output: string;
  readonly exit_code?: number;
  readonly session_id?: number;
  readonly original_token_count?: number;
}

const bash = { login: false };
async function exec(cmd: string, more: object = {}, changes: Partial<ToolContext> = {}): Promise<Told> {
  const { context } = turn(changes);
  return JSON.parse((await callFunction(tools.tools[0], { cmd, ...bash, ...more }, context)).output);
}
async function write(session_id: number | undefined, chars: string, more: object = {}): Promise<Told> {
  return JSON.parse(
    (await callFunction(tools.tools[1], { session_id, chars, ...more }, turn().context)).output,
  );
}

/** Type, and look until what is shown has this in it. */
async function until(id: number | undefined, chars: string, wanted: RegExp): Promise<string> {
  let shown = (await write(id, chars)).output;
  for (let look = 0; look < 40 && !wanted.test(shown); look += 1) shown += (await write(id, "")).output;
  assert.match(shown, wanted);
  return shown;
}

async function refusal(promise: Promise<unknown>): Promise<string> {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof ToolFailure, String(error));
  return error.message;
}

const facts = [
  "tty",
  "stty size",
  "test -t 0 && test -t 1 && test -t 2 && echo terminals",
  "echo by name >/dev/tty",
];

for (const [name, policy] of [
  ["without a sandbox", fullAccess],
  ["in the sandbox", workspaceWrite],
] as const) {
  describe(name, () => {
    test("a command has a terminal that is its own, under its name and as /dev/tty", async () => {
      const told = await exec(`${facts.join("; ")}; exit 3`, {}, { policy });
      assert.match(told.output, /^\/dev\/pts\/\d+\r\n24 80\r\nterminals\r\nby name\r\n$/);
      assert.equal(told.exit_code, 3);
    });

    test("what is typed reaches a command that waits, and Ctrl-C and Ctrl-D do what they do at a terminal", async () => {
      const { session_id: id, output } = await exec(
        "trap 'echo caught' INT; cat; echo after $?; cat; echo done",
        { yield_time_ms: 300 },
        { policy },
      );
      assert.deepEqual([typeof id, output], ["number", ""]);
      await until(id, "typed\n", /typed\r\ntyped\r\n/);
      await until(id, "\u0003", /caught\r\nafter 130\r\n/);
      await until(id, "more\n\u0004", /more\r\n.*done\r\n/s);
      assert.equal(
        await refusal(write(id, "x")),
        `write_stdin failed: UnknownSessionId { session_id: ${id} }`,
      );
    });

    test("a shell in it controls its jobs: one is stopped, listed and brought back", async () => {
      const shell = await exec("exec bash --norc --noprofile -i", { yield_time_ms: 250 }, { policy });
      const id = shell.session_id;
      if (!/[#$] $/.test(shell.output)) await until(id, "", /[#$] $/);
      await until(id, "cat\n", /cat\r\n/);
      await until(id, "\u001a", /Stopped\s+cat/);
      await until(id, "jobs; echo $((40+2))\n", /Stopped\s+cat[\s\S]*42/);
      await until(id, "fg\n", /fg\r\ncat\r\n/);
      await until(id, "back\n", /back\r\nback\r\n/);
      await until(id, "\u0004exit 7\n", /exit/);
    });

    test("closing kills what runs, sessions of its own and deaf ones too", async () => {
      const seconds = ownSeconds();
      const family = `trap '' HUP TERM INT; (setsid sleep ${seconds} &); sleep ${seconds} & echo on; while :; do sleep ${seconds}; done`;
      const { session_id, output } = await exec(family, { yield_time_ms: 250 }, { policy });
      if (output === "") await until(session_id, "", /on/);
      await waitFor(() => processesWith(seconds).length >= 3, "all to run");
      await tools.close();
      await waitFor(() => processesWith(seconds).length === 0, "the end of all");
    });
  });
}

test("what the sandbox keeps from files, it keeps from them in a terminal as well", async () => {
  const outside = join(fs.realpathSync(makeFolder()), "file");
  const attempt = `echo x >${outside}; touch /etc/new-file; (setsid sh -c 'echo y >>${outside}'); cat ${outside}`;
  await exec(attempt);
  const succeeded = fs.readFileSync(outside, "utf8");
  fs.rmSync(outside);
  fs.rmSync("/etc/new-file", { force: true });
  const text = await refusal(exec(attempt, {}, { policy: workspaceWrite }));
  const seen = [succeeded, fs.existsSync(outside), fs.existsSync("/etc/new-file")];
  fs.rmSync(join(outside, ".."), { recursive: true });
  assert.deepEqual(seen, ["x\ny\n", false, false]);
  assert.match(text, /^failed in sandbox: /);
});

test("no other terminal is there to be opened in the sandbox, and none is typed into", async () => {
  const victim = await exec("cat", { yield_time_ms: 300 });
  // Whatever terminals this user has: what succeeds outside must not succeed inside.
  const attack =
    'for t in /dev/pts/[0-9]*; do test "$t" = "$(tty)" || { echo gotcha >"$t"; } 2>/dev/null; done; echo over';
  await exec(attack);
  assert.match((await write(victim.session_id, "", { yield_time_ms: 500 })).output, /gotcha/);
  assert.match((await exec(attack, {}, { policy: workspaceWrite })).output, /over/);
  assert.equal((await write(victim.session_id, "", { yield_time_ms: 500 })).output, "");
});

test("a terminal's environment has no key, and nothing in it waits for a key to be pressed", async () => {
  executor.close();
  executor = executorIn(folder, {
    environment: {
      PATH: "/usr/bin:/bin",
      HOME: folder,
      CODEX_API_KEY: "sk-1",
      GH_TOKEN: "t",
      PAGER: "less",
      KEPT: "yes",
    },
  });
  const { output } = await exec("exec env");
  const seen = Object.fromEntries(
    output
      .trim()
      .split("\r\n")
      .map((line) => line.split("=", 2) as [string, string]),
  );
  const { PATH, PWD, SHLVL: _, _: __, ...rest } = seen;
  assert.deepEqual([PATH?.endsWith(":/usr/bin:/bin"), PWD], [true, folder]);
  assert.deepEqual(rest, {
    ...{ HOME: folder, KEPT: "yes" },
    ...{ PAGER: "cat", GIT_PAGER: "cat", GH_PAGER: "cat", NO_COLOR: "1", TERM: "dumb" },
  });
});

test("the result is JSON in the order of the original: of one that ended, of one that runs, of one cut short", async () => {
  const keys = async (cmd: string, more: object) => Object.keys(await exec(cmd, more));
  assert.deepEqual(await keys("echo hi", {}), ["chunk_id", "wall_time_seconds", "output", "exit_code"]);
  assert.deepEqual(await keys("cat", { yield_time_ms: 1 }), [
    "chunk_id",
    "wall_time_seconds",
    "output",
    "session_id",
  ]);
  const long = await exec("seq 20000", { max_output_tokens: 50 });
  assert.deepEqual(Object.keys(long).slice(3), ["exit_code", "original_token_count"]);
  assert.match(long.output, /^1\r\n2\r\n[\s\S]+…\d+ tokens truncated…[\s\S]+\r\n20000\r\n$/);
  assert.ok(Buffer.byteLength(long.output) < 300);
});

test("of what nobody read the newest 128 KiB are kept", async () => {
  const { output, original_token_count: count } = await exec("seq 100000", { max_output_tokens: 1_000_000 });
  assert.deepEqual([output.length, output.slice(-8), count], [128 * 1024, "100000\r\n", undefined]);
});

test("a wait ends with the command, and otherwise when its time is over, which has bounds", async () => {
  const times = async (cmd: string, more: object) => {
    const { wall_time_seconds } = (await exec(cmd, more)) as Told & { wall_time_seconds: number };
    return wall_time_seconds;
  };
  assert.ok((await times("true", { yield_time_ms: 30_000 })) < 20);
  assert.ok((await times("cat", { yield_time_ms: 0 })) >= 0.249);
});

test("numbers are those of sessions that go on, and never more than so many are open", async () => {
  const briefly = { yield_time_ms: 1 };
  const waiting = `until test -e ${join(folder, "go")}; do sleep 0.02; done`;
  await exec("true");
  const opened = [await exec("cat", briefly), await exec(waiting, briefly), await exec("cat", briefly)];
  assert.deepEqual(
    opened.map(({ session_id }) => session_id),
    [0, 1, 2],
  );
  const full =
    'exec_command failed: CreateSession { message: "3 sessions are open already; end one of them first" }';
  assert.equal(await refusal(exec("cat")), full);
  // One that has ended gives its place up, as soon as it is seen to have ended.
  fs.writeFileSync(join(folder, "go"), "");
  let next: Told | undefined;
  for (let attempt = 0; attempt < 200 && next === undefined; attempt += 1) {
    next = await exec("cat", briefly).catch(() => undefined);
    if (next === undefined) await new Promise((resolve) => setTimeout(resolve, 20));
  }
  assert.equal(next?.session_id, 3);
  assert.equal(await refusal(exec("cat")), full);
  assert.equal(await refusal(write(1, "")), "write_stdin failed: UnknownSessionId { session_id: 1 }");
});

test("a shell that is not there is no session, and no reason to ask for leaving the sandbox", async () => {
  const approver: Approver = { decide: () => assert.fail("asked") };
  for (const policy of [fullAccess, workspaceWrite]) {
    const { context, reports } = turn({ policy, approver }, { approvalPolicy: "on-failure" });
    assert.equal(
      await refusal(callFunction(tools.tools[0], { cmd: "true", shell: "/missing" }, context)),
      'exec_command failed: CreateSession { message: "the command was not found: /missing" }',
    );
    const last = reports.at(-1)?.[1] as { status: string; aggregatedOutput: string } | undefined;
    assert.deepEqual(
      [last?.status, last?.aggregatedOutput],
      ["failed", "the command was not found: /missing"],
    );
  }
});

test("arguments that do not fit and sessions that are not there are told", async () => {
  const prefix = "failed to parse function arguments: missing field";
  assert.equal(await refusal(callFunction(tools.tools[0], {}, turn().context)), `${prefix} \`cmd\``);
  assert.equal(await refusal(callFunction(tools.tools[1], {}, turn().context)), `${prefix} \`session_id\``);
  assert.equal(await refusal(write(99, "")), "write_stdin failed: UnknownSessionId { session_id: 99 }");
});

test("a command that nobody allows is not opened, and one that is a patch neither", async () => {
  const approver: Approver = { decide: async () => "denied" };
  const { context, reports } = turn({ approver, policy: workspaceWrite }, { approvalPolicy: "untrusted" });
  assert.equal(
    await refusal(callFunction(tools.tools[0], { cmd: "touch made" }, context)),
    "exec command rejected by user",
  );
  assert.ok(!fs.existsSync(join(folder, "made")));
  assert.deepEqual(
    reports.map(([what, item]) => [what, (item as { status: string }).status]),
    [["report", "declined"]],
  );

  const seen: unknown[] = [];
  tools = execCommandTools({
    interceptPatch: async (command, cwd) => {
      seen.push(command, cwd);
      return { output: "patched" };
    },
  });
  const { output } = await callFunction(
    tools.tools[0],
    { cmd: "apply_patch …", workdir: "sub" },
    turn().context,
  );
  assert.deepEqual([output, seen], ["patched", [["/bin/bash", "-lc", "apply_patch …"], join(folder, "sub")]]);
});

test("the item of a command starts once, and ends when its end is seen, with all that it showed", async () => {
  const { context, reports } = turn();
  const opened = await callFunction(
    tools.tools[0],
    { cmd: "echo one; read line; echo two", ...bash, yield_time_ms: 500 },
    context,
  );
  const { session_id } = JSON.parse(opened.output);
  if (!reports.some(([what]) => what === "delta")) await until(session_id, "", /one/);
  assert.deepEqual(
    reports.map(([what]) => what),
    ["start", "delta"],
  );
  await until(session_id, "\n", /two/);
  const [what, item] = reports.at(-1) as unknown as [
    string,
    { aggregatedOutput: string; exitCode: number; status: string },
  ];
  assert.deepEqual(
    [what, item.aggregatedOutput, item.exitCode, item.status],
    ["complete", "one\r\n\r\ntwo\r\n", 0, "completed"],
  );
});

test("an interrupt kills the command that is waited for, and no other", async () => {
  const [other, seconds] = [ownSeconds(), ownSeconds()];
  await exec(`sleep ${other}`, { yield_time_ms: 1 });
  const abort = new AbortController();
  const { context, reports } = turn({ signal: abort.signal });
  const running = callFunction(tools.tools[0], { cmd: `echo on; sleep ${seconds}`, ...bash }, context);
  await waitFor(() => reports.some(([what]) => what === "delta"), "the first output");
  abort.abort(new Error("interrupted"));
  await assert.rejects(running, /^Error: interrupted$/);
  await waitFor(() => processesWith(seconds).length === 0, "its end");
  assert.equal(processesWith(other).length > 0, true);
  assert.deepEqual(
    [reports.at(-1)?.[0], (reports.at(-1)?.[1] as { status: string } | undefined)?.status],
    ["complete", "failed"],
  );
});

test("output without end is held in bounded memory while the command is waited for and while it is not", async () => {
  const before = process.memoryUsage().rss;
  const { session_id } = await exec("yes 0123456789", { yield_time_ms: 600 });
  await new Promise((resolve) => setTimeout(resolve, 500));
  const { output } = await write(session_id, "\u0003");
  assert.ok(output.length < 64 * 1024);
  assert.ok(process.memoryUsage().rss - before < 300 * 1024 * 1024);
});
