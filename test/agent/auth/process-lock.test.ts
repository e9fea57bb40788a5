import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import fs from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { withProcessLock } from "../../../agent/auth/process-lock.ts";

const holderProcess = fileURLToPath(new URL("holder-process.js", import.meta.url));

describe("the lock between processes", () => {
  let folder: string;
  let path: string;
  const children: { kill(signal: "SIGKILL"): unknown }[] = [];

  beforeEach(() => {
    folder = fs.mkdtempSync(join(tmpdir(), "codex-lock-"));
    path = join(folder, "lock");
  });
  afterEach(() => {
    for (const child of children.splice(0)) child.kill("SIGKILL");
    fs.rmSync(folder, { recursive: true, force: true });
  });

  async function holder(mode: "hold" | "count", ...more: string[]) {
    const child = spawn(process.execPath, [holderProcess, path, mode, ...more], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    children.push(child);
    await once(child.stdout, "data");
    return child;
  }

  test("is let go after the action, whether it succeeds or fails", async () => {
    assert.equal(await withProcessLock(path, async () => 5), 5);
    await assert.rejects(
      withProcessLock(path, async () => {
        throw new Error("of the action");
      }),
      /of the action/,
    );
    assert.deepEqual(fs.readdirSync(folder), []);
  });

  test("is not had while another process holds it, and that is said after the wait", async () => {
    await holder("hold");
    await assert.rejects(
      withProcessLock(path, async () => {}, 200),
      { code: "AUTH_LOCKED" },
    );
  });

  test("of a process that was killed is taken over at once", async () => {
    const child = await holder("hold");
    child.kill("SIGKILL");
    await once(child, "close");
    assert.ok(fs.existsSync(path));
    assert.equal(await withProcessLock(path, async () => "mine", 0), "mine");
  });

  test("of a pid that another process has now is taken over", async () => {
    const child = await holder("hold");
    const lock = JSON.parse(fs.readFileSync(path, "utf8"));
    child.kill("SIGKILL");
    await once(child, "close");
    fs.writeFileSync(path, JSON.stringify({ ...lock, pid: process.ppid }));
    assert.equal(await withProcessLock(path, async () => "mine", 0), "mine");
  });

  for (const [what, text] of [
    ["on another host", JSON.stringify({ pid: 1, startedAt: "1", place: "elsewhere", nonce: "n" })],
    ["that says nothing of its holder", ""],
  ] as const) {
    test(`${what} is waited for, but not longer than a minute after it was made`, async () => {
      fs.writeFileSync(path, text);
      await assert.rejects(
        withProcessLock(path, async () => {}, 100),
        { code: "AUTH_LOCKED" },
      );
      const old = Date.now() / 1000 - 61;
      fs.utimesSync(path, old, old);
      assert.equal(await withProcessLock(path, async () => "mine", 0), "mine");
    });
  }

  test("lets twelve processes in one by one, though one of them in three is killed inside", async () => {
    const counter = join(folder, "counter");
    fs.writeFileSync(counter, "0");
    const all = await Promise.all(
      Array.from({ length: 12 }, (_, index) => holder("count", counter, index % 3 === 0 ? "dies" : "lives")),
    );
    await Promise.all(all.map((child) => child.exitCode ?? child.signalCode ?? once(child, "close")));
    assert.equal(fs.readFileSync(counter, "utf8"), String(12 * 20));
    assert.ok(!fs.existsSync(`${counter}.inside`));
  });
});
