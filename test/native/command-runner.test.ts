// The runner of commands by itself: how it ends, what it refuses, and that it ends everything, by each way in
// which the sandbox may have been set up.

import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import fs from "node:fs";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { ownSeconds, processesWith } from "../agent/execution/commands.ts";
import { launcher, makeFolder } from "../cli/codex-process.ts";
import { waitFor } from "../wait-for.ts";

const folder = fs.realpathSync(makeFolder());
after(() => fs.rmSync(folder, { recursive: true }));

function run(args: readonly string[]) {
  const { status, signal, stdout, stderr } = spawnSync(launcher, args, {
    argv0: "codex-command",
    encoding: "utf8",
    timeout: 60_000,
  });
  return { status, signal, stdout, stderr };
}

const ended = (status: number, stdout: string) => ({ status, signal: null, stdout, stderr: "" });

test("it ends as the command has ended, and both streams are one", () => {
  assert.deepEqual(run(["--", "sh", "-c", "echo out; echo err >&2; exit 3"]), ended(3, "out\nerr\n"));
  assert.deepEqual(run(["--", "sh", "-c", "kill -TERM $$"]), ended(143, ""));
  assert.deepEqual(run(["--argv0", "other", "--", "sh", "-c", "echo $0"]), ended(0, "other\n"));
});

test("what cannot be started is told with the status of a shell", () => {
  assert.deepEqual(run(["--", "/missing"]), ended(127, "/missing: No such file or directory\n"));
  assert.deepEqual(run(["--", folder]), ended(126, `${folder}: Permission denied\n`));
});

test("arguments that it does not know are refused, and so is none", () => {
  for (const args of [
    [],
    ["--"],
    ["sh"],
    ["--terminal", "24", "--", "sh"],
    ["--argv0"],
    ["--terminal", "1x1x1", "--", "sh"],
  ]) {
    const { status, stdout, stderr } = run(args);
    assert.deepEqual([status, stdout, stderr.startsWith("codex: error: ")], [2, "", true], args.join(" "));
  }
});

test("it is the leader of no session that the command is in, so that a command may signal its whole group", () => {
  assert.deepEqual(
    run(["--", "sh", "-c", "trap 'echo got; exit 5' TERM; kill -TERM 0; sleep 5"]),
    ended(5, "got\n"),
  );
});

describe("SIGTERM ends everything that came out of a command", () => {
  const policy = JSON.stringify({
    mode: "workspace-write",
    exclude_slash_tmp: true,
    exclude_tmpdir_env_var: true,
  });
  for (const mounts of ["no sandbox", "auto", "bubblewrap", "none"]) {
    test(`behind mounts: ${mounts}`, async (context) => {
      const behind = (command: readonly string[]) =>
        mounts === "no sandbox"
          ? ["--", ...command]
          : [
              ...["--argv0", "codex-linux-sandbox", "--", launcher, "--sandbox-policy-cwd", folder],
              ...["--sandbox-policy", policy, "--mounts", mounts, "--", ...command],
            ];
      if (run(behind(["true"])).status !== 0) return context.skip("not to be had here");
      const seconds = ownSeconds();
      const family = `trap '' TERM HUP; (setsid sh -c '(setsid sleep ${seconds} &) & exit' &); sleep ${seconds} & while :; do sleep ${seconds}; done`;
      const child = spawn(launcher, behind(["sh", "-c", family]), {
        ...{ argv0: "codex-command", cwd: folder, stdio: "ignore" },
      });
      const exit = new Promise((resolve) => child.once("exit", (code) => resolve(code)));
      await waitFor(() => processesWith(seconds).length === 3, "all of them");
      child.kill("SIGTERM");
      assert.equal(await exit, 143);
      await waitFor(() => processesWith(seconds).length === 0, "the end of all");
      await waitFor(() => fs.readdirSync(folder).length === 0, "an empty workspace");
    });
  }
});

test("a terminal's end is the end of its command, when nobody is left to look at it", async () => {
  const seconds = ownSeconds();
  const child = spawn(launcher, ["--terminal", "24x80", "--", "sleep", seconds], {
    argv0: "codex-command",
    stdio: ["pipe", "pipe", "ignore"],
  });
  await waitFor(() => processesWith(seconds).length === 2, "it to run");
  child.kill("SIGKILL");
  await waitFor(() => processesWith(seconds).length === 0, "its end");
  assert.ok(!fs.existsSync(join("/proc", String(child.pid), "fd", "0")));
});
