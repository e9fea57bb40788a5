// The runner of commands by itself: how it ends, what it refuses, and that it ends everything, by each way in
// which the sandbox may have been set up.

import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import fs from "node:fs";
import { join } from "node:path";
import { text } from "node:stream/consumers";
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

test("input and output open by name, and all of it arrives", async () => {
  const script = `cat /dev/stdin; echo by name >/dev/stdout; echo error >/dev/stderr; head -c 3000000 /dev/zero; exit 5`;
  const child = spawn(launcher, ["--", "sh", "-c", script], { argv0: "codex-command" });
  child.stdin.end("given\n");
  const [[status], stdout] = await Promise.all([once(child, "exit"), text(child.stdout)]);
  assert.deepEqual([status, stdout.slice(0, 20), stdout.length], [5, "given\nby name\nerror\n", 3_000_020]);
});

test("whoever carries output ends with its reader, before anything more is written", async () => {
  const seconds = ownSeconds();
  const child = spawn(launcher, ["--", "sh", "-c", `echo on; sleep ${seconds}; :`], {
    ...{ argv0: "codex-command", stdio: ["ignore", "pipe", "ignore"] },
  });
  const carriers = () => processesWith("codex-command").filter((pid) => isCarrier(pid, seconds));
  await once(child.stdout, "data");
  assert.equal(carriers().length, 1);
  child.stdout.destroy();
  await waitFor(() => carriers().length === 0, "the carrier's end");
  child.kill("SIGTERM");
  await once(child, "exit");
});

test("a command that writes without end is ended by its reader's end", async () => {
  const child = spawn(launcher, ["--", "yes"], { argv0: "codex-command" });
  await once(child.stdout, "data");
  child.stdout.destroy();
  assert.deepEqual(await once(child, "exit"), [141, null]);
});

// It has the runner's arguments, and nobody's child it is.
function isCarrier(pid: number, seconds: string): boolean {
  try {
    const commandLine = fs.readFileSync(`/proc/${pid}/cmdline`, "utf8");
    const status = fs.readFileSync(`/proc/${pid}/status`, "utf8");
    return commandLine.includes(seconds) && !status.includes(`\nPPid:\t${process.pid}\n`);
  } catch {
    return false;
  }
}

test("whoever kills the runner does not set its command free", async () => {
  const seconds = ownSeconds();
  assert.equal(run(["--", "sh", "-c", `kill -KILL $PPID; exec sleep ${seconds}`]).signal, "SIGKILL");
  await waitFor(() => processesWith(seconds).length === 0, "the command's end");
  for (const signal of ["HUP", "INT", "QUIT"]) {
    const { status } = run(["--", "sh", "-c", `kill -${signal} $PPID; exec sleep ${seconds}`]);
    assert.deepEqual([status, processesWith(seconds)], [143, []], signal);
  }
});

test("a name and a file that nobody may look at keep nothing alive", { skip: !isRoot() }, async () => {
  const nobody = 65534;
  const seconds = ownSeconds();
  const place = join(folder, "open-to-all");
  fs.mkdirSync(place);
  for (const path of [folder, place]) fs.chmodSync(path, 0o755);
  const disguised = join(place, "codex-remover");
  fs.copyFileSync("/bin/sleep", disguised);
  fs.chmodSync(disguised, 0o111);
  const script = `trap '' TERM; (setsid ${disguised} ${seconds} &); while :; do sleep ${seconds}; done`;
  const child = spawn(launcher, ["--", "sh", "-c", script], {
    ...{ argv0: "codex-command", cwd: "/", stdio: "ignore", uid: nobody, gid: nobody },
  });
  await waitFor(() => processesWith(seconds).length === 2, "both");
  child.kill("SIGTERM");
  const [status] = await once(child, "exit");
  assert.deepEqual([status, processesWith(seconds)], [143, []]);
});

function isRoot(): boolean {
  return process.getuid?.() === 0;
}

test("a command that lets go of its terminal has it again by name", () => {
  const script = "exec </dev/null >/dev/null 2>&1; sleep 0.3; echo later >/dev/tty";
  assert.deepEqual(run(["--terminal", "24x80", "--", "sh", "-c", script]), ended(0, "later\r\n"));
});

test("what a command in a terminal has shown last arrives, however late it is read", () => {
  // What a pipe holds, and somewhat more, which is then still in the terminal.
  const command = "yes x | tr -d '\\n' | head -c 68000; echo; echo end";
  const script = `(exec -a codex-command "$0" --terminal 24x80 -- sh -c "$1") | { sleep 1; tail -c 8; }`;
  const { stdout } = spawnSync("bash", ["-c", script, launcher, command], { encoding: "utf8" });
  assert.equal(stdout, "x\r\nend\r\n");
});

test("a terminal that is written to without end behind its command's end keeps nobody waiting", () => {
  const script =
    "trap '' HUP; me=$(tty); (while echo again >$me; do :; done 2>/dev/null) & sleep 0.2; exit 4";
  const { status, signal } = run(["--terminal", "24x80", "--", "sh", "-c", script]);
  assert.deepEqual({ status, signal }, { status: 4, signal: null });
});
