// Whether a process still runs: the launcher, before it starts a proxy, and the commands say the same.

import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import fs from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { livenessOf, ownIdentity, type ProcessIdentity } from "../../proxy/process-identity.ts";
import { waitFor } from "../wait-for.ts";
import { compileNativeFunction, type NativeFunction } from "./native-function.ts";

let byLauncher: NativeFunction;
before(() => {
  byLauncher = compileNativeFunction("process-identity");
});
after(() => byLauncher.remove());

function both(identity: ProcessIdentity): readonly string[] {
  const { pid, start_ticks = 0, boot_id = "", pid_namespace = "" } = identity;
  const said = byLauncher.call([String(pid), String(start_ticks), boot_id, pid_namespace]);
  return [["dead", "alive", "unknown"][Number(said)] ?? "", livenessOf(identity)];
}

test("a process is alive by pid, start and boot, dead without one of them, unknown where they say nothing", () => {
  const own = ownIdentity();
  const { start_ticks, boot_id } = own as Required<ProcessIdentity>;
  const ended = spawnSync("true").pid;
  const cases: [ProcessIdentity, string][] = [
    [own, "alive"],
    [{ pid: own.pid, start_ticks }, "alive"],
    [{ ...own, start_ticks: start_ticks - 1 }, "dead"],
    [{ ...own, boot_id: boot_id.replace(/.$/, "z") }, "dead"],
    [{ ...own, pid: ended }, "dead"],
    [{ pid: ended }, "dead"],
    [{ pid: own.pid }, "unknown"],
    [{ ...own, pid_namespace: "pid:[1]" }, "unknown"],
    [{ ...own, pid: ended, pid_namespace: "pid:[1]" }, "unknown"],
  ];
  for (const [identity, liveness] of cases) {
    assert.deepEqual(both(identity), [liveness, liveness], JSON.stringify(identity));
  }
});

test("a process that has ended and was not waited for is dead", async () => {
  // The shell becomes sleep, which waits for no child: its child stays a zombie.
  const parent = spawn("sh", ["-c", "sleep 0.2 & echo $!; exec sleep 60"], {
    stdio: ["ignore", "pipe", "ignore"],
  });
  const pid = await new Promise<number>((resolve) => {
    parent.stdout.once("data", (chunk) => resolve(Number(chunk)));
  });
  const stateOf = () =>
    spawnSync("ps", ["-o", "stat=", "-p", String(pid)], { encoding: "utf8" }).stdout.trim();
  await waitFor(() => stateOf().startsWith("Z"), "the child to be a zombie");
  assert.deepEqual(both({ pid }), ["dead", "dead"]);
  parent.kill("SIGKILL");
});

test("a name with blanks and parentheses is not taken for what follows it", () => {
  const folder = fs.mkdtempSync(join(tmpdir(), "codex-name-"));
  const program = join(folder, "a) Z 1 (b");
  fs.copyFileSync("/bin/sleep", program);
  fs.chmodSync(program, 0o755);
  const { pid } = spawn(program, ["60"], { stdio: "ignore" });
  const stat = fs.readFileSync(`/proc/${pid}/stat`, "utf8");
  assert.match(stat, /^\d+ \(a\) Z 1 \(b\) /);
  const start_ticks = Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19]);
  assert.deepEqual(both({ pid: pid as number, start_ticks }), ["alive", "alive"]);
  assert.deepEqual(both({ pid: pid as number, start_ticks: start_ticks + 1 }), ["dead", "dead"]);
  process.kill(pid as number, "SIGKILL");
  fs.rmSync(folder, { recursive: true });
});
