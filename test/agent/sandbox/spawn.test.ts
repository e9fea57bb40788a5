import assert from "node:assert/strict";
import { once } from "node:events";
import fs from "node:fs";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { afterEach, beforeEach, test } from "node:test";
import { sandboxedCommand } from "../../../agent/sandbox/command.ts";
import { SandboxError } from "../../../agent/sandbox/errors.ts";
import type { SandboxPolicy } from "../../../agent/sandbox/policy.ts";
import { type SpawnRequest, spawnCommand } from "../../../agent/sandbox/spawn.ts";
import { launcher, makeFolder } from "../../cli/codex-process.ts";
import { waitFor } from "../../wait-for.ts";

let folder: string;
beforeEach(() => {
  folder = fs.realpathSync(makeFolder());
});
afterEach(() => fs.rmSync(folder, { recursive: true }));

const open: SandboxPolicy = { mode: "danger-full-access" };
const environment = { PATH: "/usr/local/bin:/usr/bin:/bin" };

function start(command: readonly string[], more: Partial<SpawnRequest> & { policy?: SandboxPolicy } = {}) {
  const { policy = open, ...rest } = more;
  const prepared = sandboxedCommand({ command, cwd: folder, policy, environment, launcher });
  return spawnCommand({ prepared, cwd: folder, ...rest });
}

function isRunning(pid: number): boolean {
  try {
    return !/^State:\s+[ZX]/m.test(fs.readFileSync(`/proc/${pid}/status`, "utf8"));
  } catch {
    return false;
  }
}

/** Read the numbers that a command wrote to a file, once it has written so many. */
async function pidsIn(name: string, count: number): Promise<number[]> {
  const read = () => {
    const path = join(folder, name);
    return fs.existsSync(path) ? fs.readFileSync(path, "utf8").split("\n").filter(Boolean) : [];
  };
  await waitFor(() => read().length === count, `${count} lines in ${name}`);
  return read().map(Number);
}

test("a command gets its arguments, folder and environment as they are, nothing to read, and its status is told", async () => {
  const command = await start(["sh", "-c", 'cat; pwd; echo "$1"; echo oops >&2; exit 7', "sh", "a b"]);
  const [stdout, stderr, ended] = await Promise.all([
    text(command.stdout),
    text(command.stderr),
    command.ended,
  ]);
  assert.deepEqual([stdout, stderr, ended], [`${folder}\na b\n`, "oops\n", { exitStatus: 7 }]);
});

test("input can be written where it is asked for", async () => {
  const command = await start(["cat"], { stdin: "pipe" });
  command.stdin?.end("written");
  assert.equal(await text(command.stdout), "written");
  assert.deepEqual(await command.ended, { exitStatus: 0 });
});

test("a command is the leader of a session of its own, without a terminal", async () => {
  const command = await start(["sh", "-c", "cut -d' ' -f5,6,7 /proc/$$/stat; tty"]);
  assert.equal(await text(command.stdout), `${command.pid} ${command.pid} 0\nnot a tty\n`);
});

test("a command that is killed by a signal says which one, and 128 more as its status", async () => {
  const command = await start(["sh", "-c", "kill -TERM $$"]);
  assert.deepEqual(await command.ended, { exitStatus: 143, signal: "SIGTERM" });
});

const family =
  'setsid sh -c "echo \\$\\$ >>pids; sleep 1000" & sh -c "echo \\$\\$ >>pids; sleep 1000" & echo $$ >>pids; trap "" TERM; wait';

test("a kill ends the command with everything that it started, sessions of their own included", async () => {
  const command = await start(["sh", "-c", family]);
  const pids = await pidsIn("pids", 3);
  command.kill();
  assert.deepEqual(await command.ended, { exitStatus: 137, signal: "SIGKILL" });
  await waitFor(() => !pids.some(isRunning), "the end of all");
});

test("what a command left in the background is ended by kill, and nothing else is", async () => {
  const other = await start(["sleep", "1000"]);
  const command = await start(["sh", "-c", "sleep 1000 & echo $! >>pids"]);
  assert.deepEqual(await command.ended, { exitStatus: 0 });
  const [left] = (await pidsIn("pids", 1)) as [number];
  assert.ok(isRunning(left));
  command.kill();
  await waitFor(() => !isRunning(left), "the end of what was left");
  assert.ok(isRunning(other.pid));
  other.kill();
  await other.ended;
  other.kill();
});

test("a command behind the sandbox is ended as a whole, too", async () => {
  const policy: SandboxPolicy = {
    mode: "workspace-write",
    network_access: false,
    exclude_tmpdir_env_var: true,
    exclude_slash_tmp: true,
  };
  // Numbers of processes may be those of a namespace: the sleep is known by its length.
  const seconds = String(100_000_000 + process.pid);
  const sleeping = () =>
    fs.readdirSync("/proc").filter((pid) => {
      try {
        return fs.readFileSync(`/proc/${pid}/cmdline`, "utf8") === `sleep\0${seconds}\0`;
      } catch {
        return false;
      }
    });
  const command = await start(["sh", "-c", `setsid sleep ${seconds} & sleep ${seconds} & echo on; wait`], {
    policy,
  });
  await once(command.stdout, "data");
  await waitFor(() => sleeping().length === 2, "both to sleep");
  command.kill();
  assert.equal((await command.ended).exitStatus, 137);
  await waitFor(() => sleeping().length === 0, "the end of both");
});

test("what a command wrote before it was ended arrives", async () => {
  const policy: SandboxPolicy = { mode: "read-only" };
  const killed = await start(["sh", "-c", "echo first; exec sleep 1000"], { policy });
  await once(killed.stdout, "readable");
  killed.kill();
  assert.equal(await text(killed.stdout), "first\n");
});

test("a command that is ended in the sandbox leaves nothing in its folder", async () => {
  const policy: SandboxPolicy = {
    mode: "workspace-write",
    network_access: false,
    exclude_tmpdir_env_var: true,
    exclude_slash_tmp: true,
  };
  const command = await start(["sh", "-c", "echo on; sleep 1000"], { policy });
  await once(command.stdout, "data");
  const during = fs.readdirSync(folder);
  command.kill();
  await command.ended;
  await waitFor(() => fs.readdirSync(folder).length === 0, "an empty folder");
  assert.ok(during.length === 0 || during.includes(".codex"), during.join());
});

test("a command that is not there or cannot be executed is an error with the status of a shell", async () => {
  fs.writeFileSync(join(folder, "plain"), "", { mode: 0o644 });
  const refusals = [
    [["no-such-command"], folder, "SANDBOX_NOT_FOUND", 127],
    [[join(folder, "plain")], folder, "SANDBOX_NOT_EXECUTABLE", 126],
    [["true"], join(folder, "missing"), "SANDBOX_NOT_EXECUTABLE", 126],
  ] as const;
  for (const [command, cwd, code, exitStatus] of refusals) {
    await assert.rejects(
      start(command, { cwd }),
      (error) => error instanceof SandboxError && error.code === code && error.exitStatus === exitStatus,
    );
  }
});
