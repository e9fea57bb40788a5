// Where the key lies: locked memory, or no start at all.

import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import fs from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { asOtherUser, runProxy, skipWithoutOtherUser, startProxy, testKey } from "../proxy-process.ts";

const isRoot = process.geteuid?.() === 0;
const needsOtherUser = { skip: skipWithoutOtherUser };

test("without locked memory it exits 8 and says how to raise the limit", needsOtherUser, async () => {
  const { code, stderr } = await runProxy({
    through: ["prlimit", "--memlock=0:0", ...asOtherUser],
    input: `${testKey}\n`,
  });
  assert.equal(code, 8, stderr);
  assert.match(stderr, /^codex: error: cannot lock memory for the API key\ncodex: hint: .*ulimit -l/);
});

test("the limit that shells set by default is enough for an unprivileged user", needsOtherUser, async () => {
  const proxy = await startProxy({
    through: [
      "prlimit",
      "--memlock=65536:65536",
      "setpriv",
      "--reuid=60001",
      "--regid=60001",
      "--clear-groups",
    ],
  });
  await proxy.stop();
});

test("the fallback for kernels without memfd_secret is locked, and out of dumps", () => {
  const modulePath = fileURLToPath(new URL("../../hardening/guarded-memory.js", import.meta.url));
  const script = `
    const { allocateGuarded } = await import(${JSON.stringify(modulePath)});
    const memory = allocateGuarded(16384);
    const fs = await import("node:fs");
    const locked = fs.readFileSync("/proc/self/smaps", "utf8").split(/\\n(?=[0-9a-f]+-)/)
      .filter((mapping) => /Size: +(16|20|24) kB/.test(mapping) && / lo /.test(mapping) && / dd /.test(mapping) && / wf /.test(mapping));
    console.log(memory.length, memory.every((byte) => byte === 0), locked.length > 0);`;
  // The addon makes /proc/self unreadable for other users than root.
  const args = ["--input-type=module", "-e", script];
  const { stdout, stderr } = spawnSync(process.execPath, args, { encoding: "utf8" });
  if (!isRoot && /EACCES/.test(stderr)) return;
  assert.equal(stdout, "16384 true true\n", stderr);
});

test(
  "another process of the same user reads neither memory nor environment; of plain Node it reads both",
  needsOtherUser,
  async () => {
    const folder = fs.mkdtempSync(join(tmpdir(), "codex-attack-"));
    fs.chmodSync(folder, 0o755);
    const attack = (pid: number) =>
      spawnSync(
        asOtherUser[0],
        [
          ...asOtherUser.slice(1),
          "sh",
          "-c",
          `for f in environ maps auxv; do cat /proc/${pid}/$f >/dev/null 2>&1 && echo $f; done; true`,
        ],
        { encoding: "utf8" },
      ).stdout;

    const control = spawnSync("sh", [
      "-c",
      `${asOtherUser.join(" ")} ${process.execPath} -e 'setTimeout(() => {}, 5000)' >/dev/null 2>&1 </dev/null & echo $!`,
    ]);
    const controlPid = Number(control.stdout.toString());
    execFileSync("sleep", ["0.3"]);
    assert.equal(attack(controlPid), "environ\nmaps\nauxv\n");
    process.kill(controlPid);

    const proxy = await startProxy({ through: asOtherUser });
    assert.equal(attack(proxy.pid), "");
    await proxy.stop();
    fs.rmSync(folder, { recursive: true });
  },
);
