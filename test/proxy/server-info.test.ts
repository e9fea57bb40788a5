// The file by which clients find the proxy: whole, readable, never written through a trap.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import fs from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, beforeEach, test } from "node:test";
import { runProxy, startProxy, testKey } from "../proxy-process.ts";

let folder: string;
let file: string;

before(() => {
  folder = fs.mkdtempSync(join(tmpdir(), "codex-info-"));
});
after(() => fs.rmSync(folder, { recursive: true }));
beforeEach(() => {
  file = join(folder, "info.json");
  fs.rmSync(file, { recursive: true, force: true });
});

const isRoot = process.geteuid?.() === 0;
const start = (path: string) => startProxy({ args: ["--server-info", path] });
const refuse = (path: string) => runProxy({ args: ["--server-info", path], input: `${testKey}\n` });

test("one line of JSON, port and pid first, then what proves it stale; mode 0644", async () => {
  const proxy = await start(file);
  const text = fs.readFileSync(file, "utf8");
  assert.ok(text.startsWith(`{"port":${proxy.port},"pid":${proxy.pid},`), text);
  assert.ok(text.endsWith("}\n"));
  const info = JSON.parse(text);
  const stat = fs.readFileSync(`/proc/${proxy.pid}/stat`, "utf8");
  const startTicks = Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19]);
  assert.deepEqual(Object.keys(info), [
    "port",
    "pid",
    "started_at",
    "start_ticks",
    "boot_id",
    "pid_namespace",
    "version",
  ]);
  assert.equal(info.start_ticks, startTicks);
  assert.ok(Math.abs(Date.parse(info.started_at) - Date.now()) < 60_000);
  assert.equal(fs.statSync(file).mode & 0o777, 0o644);
  await proxy.stop();
  assert.ok(!fs.existsSync(file));
});

test("missing folders are made, for every user to enter", async () => {
  const nested = join(folder, "a", "b", "info.json");
  const proxy = await start(nested);
  assert.equal(fs.statSync(join(folder, "a")).mode & 0o777, 0o755);
  assert.equal(fs.statSync(join(folder, "a", "b")).mode & 0o777, 0o755);
  await proxy.stop();
  assert.ok(!fs.existsSync(nested), "it is removed from a folder, too, that was not there at the start");
});

test("a file of a former run is replaced, in one step, and no other file is left", async () => {
  fs.writeFileSync(file, "old");
  const before = fs.statSync(file).ino;
  const proxy = await start(file);
  assert.notEqual(fs.statSync(file).ino, before);
  assert.deepEqual(
    fs.readdirSync(folder).filter((name) => name.startsWith("info.json")),
    ["info.json"],
  );
  await proxy.stop();
});

test("a planted symbolic link is refused and its target untouched", async () => {
  const target = join(folder, "target");
  fs.writeFileSync(target, "precious");
  fs.symlinkSync(target, file);
  const result = await refuse(file);
  assert.equal(result.code, 1);
  assert.match(
    result.stderr,
    /^codex: error: cannot write --server-info: .*info\.json is a symbolic link\ncodex: hint: /,
  );
  assert.equal(fs.readFileSync(target, "utf8"), "precious");
});

test("another user's file is refused", {
  skip: isRoot ? false : "needs root to make another user's file",
}, async () => {
  fs.writeFileSync(file, "theirs");
  execFileSync("chown", ["60002", file]);
  const result = await refuse(file);
  assert.equal(result.code, 1);
  assert.match(result.stderr, /belongs to another user/);
  assert.equal(fs.readFileSync(file, "utf8"), "theirs");
});

test("a folder on the way that another user owns or planted is refused", {
  skip: isRoot ? false : "needs root to make another user's folder",
}, async () => {
  const theirs = join(folder, "theirs");
  fs.mkdirSync(theirs);
  execFileSync("chown", ["60002", theirs]);
  const link = join(folder, "link");
  fs.symlinkSync(folder, link);
  execFileSync("chown", ["-h", "60002", link]);
  const open = join(folder, "open");
  fs.mkdirSync(open);
  fs.chmodSync(open, 0o777);
  for (const [path, reason] of [
    [join(theirs, "info.json"), /theirs belongs to another user/],
    [join(theirs, "new", "info.json"), /theirs belongs to another user/],
    [join(link, "linked.json"), /link belongs to another user/],
    [join(open, "info.json"), /open can be written by every user/],
  ] as const) {
    const result = await refuse(path);
    assert.equal(result.code, 1);
    assert.match(result.stderr, reason);
    assert.ok(!fs.existsSync(path));
  }
});

test("one's own link to a folder is followed", async () => {
  const link = join(folder, "own-link");
  fs.symlinkSync(folder, link);
  const proxy = await start(join(link, "info.json"));
  assert.ok(fs.existsSync(file));
  await proxy.stop();
});

test("a path below a working directory that is gone is refused in one line", async () => {
  const gone = join(folder, "gone");
  fs.mkdirSync(gone);
  const through = ["sh", "-c", `cd ${gone} && rmdir ${gone} && exec "$@"`, "sh"];
  const result = await runProxy({ through, args: ["--server-info", "info.json"], input: `${testKey}\n` });
  assert.equal(result.code, 1);
  assert.match(result.stderr, /^codex: error: cannot write --server-info info\.json: ENOENT\ncodex: hint: /);
});

test("a directory, and a path that cannot be written, are named with exit 1", async () => {
  fs.mkdirSync(file);
  const directory = await refuse(file);
  assert.deepEqual([directory.code, /info\.json exists and is not a file/.test(directory.stderr)], [1, true]);
  const unwritable = await refuse("/proc/info.json");
  assert.deepEqual(
    [unwritable.code, /cannot write --server-info \/proc\/info\.json: /.test(unwritable.stderr)],
    [1, true],
  );
});

test("a proxy that ends leaves the file of the one that replaced it", async () => {
  const first = await start(file);
  const second = await start(file);
  await first.stop();
  assert.equal(JSON.parse(fs.readFileSync(file, "utf8")).pid, second.pid);
  await second.stop();
  assert.ok(!fs.existsSync(file));
});

test("after SIGKILL the janitor removes it, and nothing else of the proxy is left", async () => {
  const proxy = await start(file);
  const children = execFileSync("ps", ["-o", "pid=", "--ppid", String(proxy.pid)], { encoding: "utf8" });
  const janitor = Number(children.trim());
  assert.ok(janitor > 0);
  proxy.kill("SIGKILL");
  await proxy.ended;
  for (let i = 0; i < 100 && (fs.existsSync(file) || fs.existsSync(`/proc/${janitor}`)); i++) {
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  assert.deepEqual([fs.existsSync(file), fs.existsSync(`/proc/${janitor}`)], [false, false]);
});

test("the janitor leaves a file that another proxy has written", async () => {
  const first = await start(file);
  const second = await start(file);
  first.kill("SIGKILL");
  await first.ended;
  await new Promise((resolve) => setTimeout(resolve, 200));
  assert.equal(JSON.parse(fs.readFileSync(file, "utf8")).pid, second.pid);
  await second.stop();
  assert.ok(!fs.existsSync(file));
});
