// What is read of /proc/PID/stat, of processes that are really there.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import fs from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { isPidInUse, readProcessStat } from "../../agent/process-stat.ts";

const isLinux = process.platform === "linux";

test("the name of a program is not taken for what follows it", { skip: !isLinux }, async (t) => {
  const folder = fs.mkdtempSync("/tmp/process-stat-");
  t.after(() => fs.rmSync(folder, { recursive: true, force: true }));
  const program = join(folder, "a) Z 1 (b");
  fs.copyFileSync("/bin/sleep", program);
  const child = spawn(program, ["60"], { detached: true, stdio: "ignore" });
  t.after(() => child.kill("SIGKILL"));
  await once(child, "spawn");
  const pid = child.pid as number;
  const found = readProcessStat(pid);
  const { isDead, parent, group, session, startTicks = "" } = found ?? {};
  assert.deepEqual(
    { isDead, parent, group, session },
    { isDead: false, parent: process.pid, group: pid, session: pid },
  );
  assert.match(startTicks, /^[1-9]\d*$/);
});

test("a process that has ended and was waited for is none", { skip: !isLinux }, async () => {
  const child = spawn("true", { stdio: "ignore" });
  await once(child, "exit");
  const pid = child.pid as number;
  assert.deepEqual([readProcessStat(pid), isPidInUse(pid)], [undefined, false]);
});

test("another user's process has its pid, though it may not be signalled", () => {
  assert.equal(isPidInUse(1), true);
});
