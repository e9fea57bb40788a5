import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import fs from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { type FileLockError, withFileLock } from "../../agent/file-lock.ts";

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
    assert.equal(await withFileLock(path, async () => 5), 5);
    await assert.rejects(
      withFileLock(path, async () => {
        throw new Error("of the action");
      }),
      /of the action/,
    );
    assert.deepEqual(fs.readdirSync(folder), []);
  });

  test("is not had while another process holds it, and that is said after the wait", async () => {
    await holder("hold");
    await assert.rejects(
      withFileLock(path, async () => {}, { waitMs: 200 }),
      { code: "FILE_LOCKED" },
    );
  });

  test("of a process that was killed is taken over at once", async () => {
    const child = await holder("hold");
    child.kill("SIGKILL");
    await once(child, "close");
    assert.ok(fs.existsSync(path));
    assert.equal(await withFileLock(path, async () => "mine", { waitMs: 0 }), "mine");
  });

  test("of a pid that another process has now is taken over", async () => {
    const child = await holder("hold");
    const lock = JSON.parse(fs.readFileSync(path, "utf8"));
    child.kill("SIGKILL");
    await once(child, "close");
    fs.writeFileSync(path, JSON.stringify({ ...lock, pid: process.ppid }));
    assert.equal(await withFileLock(path, async () => "mine", { waitMs: 0 }), "mine");
  });

  const elsewhere = { pid: 1, startedAt: "1", place: "elsewhere", nonce: "00112233445566ff" };
  for (const [what, put] of [
    ["another host's that gives no sign of life", () => fs.writeFileSync(path, JSON.stringify(elsewhere))],
    ["a file that names no holder", () => fs.writeFileSync(path, "")],
    ["a file that names a path as its holder", () => fs.writeFileSync(path, named("../../escaped"))],
    ["a FIFO", () => execFileSync("mkfifo", [path])],
    ["a link to a file that is not there", () => fs.symlinkSync(join(folder, "nowhere"), path)],
  ] as const) {
    test(`that is ${what} is watched for a while, whatever its age, and then taken over`, async () => {
      put();
      const old = Date.now() / 1000 - 3600;
      fs.lutimesSync(path, old, old);
      const start = performance.now();
      // Also by whoever would not wait for one that lives: nobody could ever have it otherwise.
      assert.equal(await withFileLock(path, async () => "mine", { waitMs: 0, silenceMs: 200 }), "mine");
      assert.ok(performance.now() - start >= 200, "it was watched");
      assert.deepEqual(fs.readdirSync(folder), []);
    });
  }

  function named(nonce: string): string {
    return JSON.stringify({ ...elsewhere, nonce });
  }

  test("of another host is not had while it is touched there, and is touched by its holder here", async () => {
    await holder("hold", "500");
    // As another host sees it, which cannot look the holder up.
    const seen = { ...JSON.parse(fs.readFileSync(path, "utf8")), place: "elsewhere" };
    fs.writeFileSync(path, JSON.stringify(seen));
    await assert.rejects(
      withFileLock(path, async () => {}, { waitMs: 4000, silenceMs: 2000 }),
      { code: "FILE_LOCKED" },
    );
  });

  test("is not taken by what cannot be replaced, which is named with a way out", async () => {
    fs.mkdirSync(path);
    await assert.rejects(
      withFileLock(path, async () => {}, { silenceMs: 100 }),
      (error: FileLockError) => {
        assert.equal(error.code, "FILE_LOCK_IN_THE_WAY");
        assert.ok(error.message.includes(path), error.message);
        assert.equal(error.hint, "remove it, when no codex is running");
        return true;
      },
    );
    assert.deepEqual(fs.readdirSync(folder), ["lock"]);
  });

  test("passes on when the one who was to take it over has died too", async () => {
    const nonces = ["00000000000000aa", "00000000000000bb"];
    const child = await holder("hold");
    const dead = JSON.parse(fs.readFileSync(path, "utf8"));
    child.kill("SIGKILL");
    await once(child, "close");
    fs.writeFileSync(path, JSON.stringify({ ...dead, nonce: nonces[0] }));
    fs.writeFileSync(`${path}.after-${nonces[0]}`, JSON.stringify({ ...dead, nonce: nonces[1] }));
    assert.equal(await withFileLock(path, async () => "mine", { waitMs: 0 }), "mine");
    assert.deepEqual(fs.readdirSync(folder), []);
  });

  test("of a dead holder is not taken from whoever is just taking it over", async () => {
    const dead = await holder("hold");
    const nonce = JSON.parse(fs.readFileSync(path, "utf8")).nonce;
    dead.kill("SIGKILL");
    await once(dead, "close");
    const seat = join(folder, "seat");
    const heir = spawn(process.execPath, [holderProcess, seat, "hold"], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    children.push(heir);
    await once(heir.stdout, "data");
    fs.renameSync(seat, `${path}.after-${nonce}`);
    await assert.rejects(
      withFileLock(path, async () => {}, { waitMs: 200 }),
      { code: "FILE_LOCKED" },
    );
    assert.equal(JSON.parse(fs.readFileSync(path, "utf8")).nonce, nonce);
  });

  test("of another user that died is taken over in a folder of one's own", {
    skip: process.getuid?.() !== 0 && "needs root",
  }, async () => {
    const child = await holder("hold");
    child.kill("SIGKILL");
    await once(child, "close");
    fs.chmodSync(folder, 0o777);
    const nobody = spawn(process.execPath, [holderProcess, path, "hold"], {
      stdio: ["ignore", "pipe", "inherit"],
      uid: 65534,
      gid: 65534,
    });
    children.push(nobody);
    await once(nobody.stdout, "data");
    assert.equal(fs.statSync(path).uid, 65534);
  });

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
