import assert from "node:assert/strict";
import fs from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, test } from "node:test";
import type { OwnedExecutor } from "../../../agent/execution/create-executor.ts";
import type { CommandRequest } from "../../../agent/execution/executor.ts";
import { runCommand } from "../../../agent/execution/run-command.ts";
import { SandboxError } from "../../../agent/sandbox/errors.ts";
import { makeFolder } from "../../cli/codex-process.ts";
import { waitFor } from "../../wait-for.ts";
import {
  executorIn,
  ownSeconds,
  processesWith,
  readOnly,
  requestIn,
  wholeEnvironment,
  workspaceWrite,
} from "./commands.ts";

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

const run = (command: readonly string[], change: Partial<CommandRequest> = {}) =>
  executor.run(requestIn(folder, command, change));
const script = (text: string, change: Partial<CommandRequest> = {}) => run(["sh", "-c", text], change);

for (const [name, policy] of [
  ["without a sandbox", requestIn("", []).policy],
  ["in the sandbox", workspaceWrite],
] as const) {
  describe(name, () => {
    test("a command's output, both streams, and its status are told", async () => {
      const { durationMs, ...result } = await script('cat; pwd; echo "$0"; echo oops >&2; exit 7', {
        policy,
      });
      assert.ok(durationMs > 0);
      assert.deepEqual(
        { ...result, output: result.output.split("\n").sort() },
        {
          exitCode: 7,
          output: ["", folder, "oops", "sh"].sort(),
          missingLines: 0,
          isTimedOut: false,
          isSandboxed: policy !== requestIn("", []).policy && policy.mode !== "danger-full-access",
        },
      );
    });

    test("input is read to its end, and a command that does not read it ends as well", async () => {
      assert.equal((await run(["cat"], { policy, stdin: "given" })).output, "given");
      const { exitCode } = await run(["true"], { policy, stdin: "x".repeat(1_000_000) });
      assert.equal(exitCode, 0);
    });

    test("a character that arrives in pieces is one, in the result and in what is told meanwhile", async () => {
      let told = "";
      const { output } = await script(
        "printf '\\303'; sleep 0.1; printf '\\244\\360\\237'; sleep 0.1; printf '\\231\\202'",
        {
          policy,
          onOutput: (text) => {
            assert.ok(!text.includes("\ufffd"));
            told += text;
          },
        },
      );
      assert.deepEqual([output, told], ["ä🙂", "ä🙂"]);
    });

    test("one that takes too long is 124, with what it wrote until then, and all that came out of it is gone", async () => {
      const seconds = ownSeconds();
      const family = `trap "" TERM HUP INT; echo began; setsid sleep ${seconds} & sleep ${seconds} & while :; do sleep ${seconds}; done`;
      const { exitCode, output, isTimedOut } = await script(family, { policy, timeoutMs: 1500 });
      assert.deepEqual([exitCode, output, isTimedOut], [124, "began\n", true]);
      await waitFor(() => processesWith(seconds).length === 0, "the end of all");
    });

    test("an abort rejects with its reason when nothing of the command is left", async () => {
      const seconds = ownSeconds();
      const abort = new AbortController();
      const reason = new Error("enough");
      const ended = script(`sleep ${seconds} & trap "" TERM; echo on; wait`, {
        policy,
        signal: abort.signal,
        onOutput: () => abort.abort(reason),
      });
      await assert.rejects(ended, reason);
      await waitFor(() => processesWith(seconds).length === 0, "the end of all");
      await assert.rejects(run(["touch", "started"], { policy, signal: abort.signal }), reason);
      assert.ok(!fs.existsSync(join(folder, "started")));
    });

    test("a process in the background that keeps the pipes open keeps nobody waiting, and goes on", async () => {
      const seconds = ownSeconds();
      const { exitCode, output } = await script(`sleep ${seconds} & echo started`, { policy });
      assert.deepEqual([exitCode, output], [0, "started\n"]);
      const left = processesWith(seconds);
      assert.equal(left.length, 1);
      process.kill(left[0] as number, "SIGKILL");
    });

    test("output without end is held in bounded memory", async () => {
      const before = process.memoryUsage().rss;
      const { output, isTimedOut, missingLines } = await run(["yes", "0123456789"], {
        policy,
        timeoutMs: 1000,
      });
      assert.ok(isTimedOut);
      assert.ok(output.length < 2 * 1024 * 1024, `${output.length} characters`);
      assert.ok((missingLines ?? 0) > 100_000);
      assert.ok(process.memoryUsage().rss - before < 300 * 1024 * 1024);
    });
  });
}

test("a command finds the tools of this package in its PATH, but no key and nothing of the launcher", async () => {
  executor = executorIn(folder, {
    environment: {
      PATH: "/usr/bin:/bin",
      HOME: folder,
      OPENAI_API_KEY: "sk-1",
      CODEX_API_KEY: "sk-2",
      CODEX_ACCESS_TOKEN: "t-1",
      MY_SECRET: "s",
      KEPT: "yes",
    },
  });
  const { output } = await run(["env"], { policy: readOnly });
  const seen = Object.fromEntries(
    output
      .trim()
      .split("\n")
      .map((line) => line.split("=", 2) as [string, string]),
  );
  const [tools, ...rest] = (seen.PATH as string).split(":");
  assert.deepEqual(fs.readdirSync(tools as string).sort(), [
    "apply_patch",
    "applypatch",
    "codex-linux-sandbox",
  ]);
  assert.deepEqual(
    { ...seen, PATH: rest },
    {
      PATH: ["/usr/bin", "/bin"],
      HOME: folder,
      KEPT: "yes",
      CODEX_SANDBOX_NETWORK_DISABLED: "1",
    },
  );
  executor.close();
  assert.ok(!fs.existsSync(tools as string));
});

test("in the sandbox CODEX_HOME and the folder of tools cannot be written, though they lie in the workspace", async () => {
  const { output, exitCode } = await script(
    'echo x >home/config.toml; echo x >"$(dirname "$(command -v apply_patch)")/ls"; echo x >own; cat own',
    {
      policy: workspaceWrite,
    },
  );
  assert.equal(exitCode, 0);
  assert.match(output, /home\/config\.toml.*\n.*\/ls.*\nx\n$/);
  assert.deepEqual(fs.readdirSync(join(folder, "home")), ["tmp"]);
});

test("of output without end, a listener hears so many pieces and no more", async () => {
  let pieces = 0;
  const prepared = { file: "yes", args: [], environment: {}, isSandboxed: false, hasRunner: false };
  const onOutput = () => {
    pieces += 1;
  };
  const { output } = await runCommand(prepared, requestIn(folder, ["yes"], { timeoutMs: 400, onOutput }), 3);
  assert.ok(output.length > 500_000);
  assert.equal(pieces, 3);
});

test("what the background goes on writing keeps nobody waiting for long", async () => {
  const endless = `(while [ -d ${folder}/home ]; do echo more; sleep 0.05; done) & echo first`;
  const { exitCode, output } = await script(endless);
  assert.deepEqual([exitCode, output.includes("first\n")], [0, true]);
});

test("a program that is not there is an error of its own", async () => {
  await assert.rejects(
    run(["no-such-command"]),
    (error) => error instanceof SandboxError && error.code === "SANDBOX_NOT_FOUND",
  );
});

test("a command of another folder works there, and writes in the workspace all the same", async () => {
  fs.mkdirSync(join(folder, "sub"));
  const { output } = await script("pwd; touch ../made", { cwd: join(folder, "sub"), policy: workspaceWrite });
  assert.equal(output, `${join(folder, "sub")}\n`);
  assert.ok(fs.existsSync(join(folder, "made")));
});

test("with use_profile a command runs in the user's shell, after its start file", async () => {
  const { inProfileShell } = await import("../../../agent/execution/profile-shell.ts");
  fs.writeFileSync(join(folder, ".bashrc"), 'greet() { echo "hello $1"; }\n');
  const environment = { HOME: folder, PATH: "/usr/bin:/bin" };
  const wrapped = (command: readonly string[]) => inProfileShell(command, environment, "/bin/bash");
  assert.equal((await run(wrapped(["bash", "-lc", "greet you"]))).output, "hello you\n");
  assert.equal((await run(wrapped(["greet", "~ $HOME 'x' a=b"]))).output, "hello ~ $HOME 'x' a=b\n");
  assert.deepEqual(inProfileShell(["ls"], environment, "/usr/bin/fish"), ["ls"]);
  executor = executorIn(folder, { shellEnvironmentPolicy: { ...wholeEnvironment, useProfile: true } });
  assert.equal((await run(["echo", "in a shell"])).output, "in a shell\n");
});

test("a terminal that is opened while its turn is interrupted is none, and nothing of it is left", async () => {
  const seconds = ownSeconds();
  const abort = new AbortController();
  const opened = executor.open(requestIn(folder, ["sleep", seconds], { signal: abort.signal }));
  abort.abort(new Error("enough"));
  await assert.rejects(opened, /^Error: enough$/);
  assert.deepEqual(processesWith(seconds), []);
});

test("terminals that are still open end with the executor", async () => {
  const seconds = ownSeconds();
  await executor.open(requestIn(folder, ["sleep", seconds]));
  await waitFor(() => processesWith(seconds).length > 0, "the command");
  executor.close();
  await waitFor(() => processesWith(seconds).length === 0, "its end");
});
