// The file by which clients find the proxy: whole, readable, never written through a trap.

import assert from "node:assert/strict";
import { execFileSync, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import fs from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, beforeEach, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import {
  asOtherUser,
  launcher,
  quietUser,
  runProxy,
  skipWithoutOtherUser,
  startProxy,
  testKey,
} from "../proxy-process.ts";
import { waitFor } from "../wait-for.ts";

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

const isOfFile = (name: string) => name.startsWith("info.json");
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
  const own = join(folder, "own");
  fs.symlinkSync("link", own);
  const open = join(folder, "open");
  fs.mkdirSync(open);
  fs.chmodSync(open, 0o777);
  for (const [path, reason] of [
    [join(theirs, "info.json"), /theirs belongs to another user/],
    [join(theirs, "new", "info.json"), /theirs belongs to another user/],
    [join(link, "linked.json"), /link belongs to another user/],
    [join(own, "linked.json"), /\/link belongs to another user/],
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
  assert.match(
    result.stderr,
    /^codex: error: cannot write --server-info info\.json: No such file or directory\ncodex: hint: /,
  );
});

test("a directory, and a path that cannot be written, are named with exit 1", async () => {
  fs.mkdirSync(file);
  const directory = await refuse(file);
  assert.deepEqual([directory.code, /info\.json exists and is not a file/.test(directory.stderr)], [1, true]);
  const unwritable = await refuse("/proc/info.json");
  assert.deepEqual(
    [unwritable.code, /cannot write --server-info \/proc\/info\.json\.tmp: /.test(unwritable.stderr)],
    [1, true],
  );
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

test("a lock that another user holds on the name of the claim does not keep the janitor", {
  skip: skipWithoutOtherUser,
}, async () => {
  const shared = fs.mkdtempSync(join(tmpdir(), "codex-info-"));
  fs.chmodSync(shared, 0o1777);
  const info = join(shared, "info.json");
  const admin = join(folder, "admin.sock");
  const proxy = await startProxy({ args: ["--server-info", info, "--admin-socket", admin, ...quietUser] });
  const children = execFileSync("ps", ["-o", "pid=", "--ppid", String(proxy.pid)], { encoding: "utf8" });
  const janitor = Number(children.trim());
  const [program, ...args] = [...asOtherUser, "flock", `${info}.tmp`, "sh", "-c", "echo held; read line"];
  const holder = spawn(program as string, args, { stdio: ["pipe", "pipe", "inherit"] });
  await once(holder.stdout, "data");
  const isFree = spawnSync("flock", ["--nonblock", `${info}.tmp`, "true"]).status === 0;
  assert.equal(isFree, false, "the control: whoever waits for that lock waits for him");
  try {
    await proxy.stop();
    await waitFor(() => !fs.existsSync(`/proc/${janitor}`), "the janitor to end");
    assert.deepEqual([fs.readdirSync(shared), fs.existsSync(admin)], [["info.json.tmp"], false]);
  } finally {
    holder.stdin.end();
    await once(holder, "close");
    fs.rmSync(shared, { recursive: true });
  }
});

test("a file that is not its own any more is left, by the proxy and by its janitor", async () => {
  for (const signal of ["SIGTERM", "SIGKILL"] as const) {
    const proxy = await start(file);
    const another = `${JSON.stringify({ ...JSON.parse(fs.readFileSync(file, "utf8")), pid: 1 })}\n`;
    fs.rmSync(file);
    fs.writeFileSync(file, another);
    proxy.kill(signal);
    await proxy.ended;
    await sleep(200);
    assert.equal(fs.readFileSync(file, "utf8"), another);
    fs.rmSync(file);
  }
});

test("a second start on the file of a running proxy says so before it reads a key, and the file stays", async () => {
  const proxy = await start(file);
  const text = fs.readFileSync(file, "utf8");
  // No key comes: one that waited for it would be ended by the limit of this call.
  const second = await runProxy({ args: ["--server-info", file], timeoutMs: 10_000 });
  assert.deepEqual([second.code, second.signal, second.stdout], [1, null, ""]);
  assert.equal(
    second.stderr,
    `codex: error: a proxy with this --server-info runs already: process ${proxy.pid} wrote ${file}\n` +
      "codex: hint: stop it by codex-responses-api-proxy stop --server-info FILE, or give another FILE\n",
  );
  assert.equal(fs.readFileSync(file, "utf8"), text);
  assert.deepEqual(fs.readdirSync(folder).filter(isOfFile), ["info.json"]);
  await proxy.stop();
});

test("the file of a proxy that has ended is replaced: by pid, start time or boot", async () => {
  const former = await start(file);
  const info = JSON.parse(fs.readFileSync(file, "utf8"));
  await former.stop();
  const running = await start(join(folder, "other.json"));
  const { pid } = running;
  for (const dead of [
    info,
    { ...info, pid },
    {
      ...JSON.parse(fs.readFileSync(join(folder, "other.json"), "utf8")),
      boot_id: info.boot_id.replace(/./, "x"),
    },
    { port: info.port, pid: info.pid }, // as the original writes it
    { port: info.port, pid }, // likewise, and the pid is another process's now
  ]) {
    fs.writeFileSync(file, JSON.stringify(dead));
    const proxy = await start(file);
    assert.equal(JSON.parse(fs.readFileSync(file, "utf8")).pid, proxy.pid);
    await proxy.stop();
  }
  await running.stop();
});

test("a file as the original writes it belongs to a live proxy where its pid exists and its port answers", async () => {
  const other = await start(join(folder, "other.json"));
  fs.writeFileSync(file, `{"port":${other.port},"pid":${other.pid}}\n`);
  const second = await refuse(file);
  assert.deepEqual([second.code, /runs already/.test(second.stderr)], [1, true]);
  await other.stop();
});

test("of many starts at once one wins, and each of the others says why it did not", async () => {
  for (let round = 0; round < 3; round++) {
    const starts = Array.from({ length: 6 }, () => {
      const args = [...quietUser, "--server-info", file];
      const child = spawn(launcher, args, { stdio: ["pipe", "ignore", "pipe"] });
      child.stdin.on("error", () => {});
      child.stdin.end(`${testKey}\n`);
      const all = { child, stderr: "", ended: once(child, "close") };
      child.stderr.on("data", (chunk) => {
        all.stderr += chunk;
      });
      return all;
    });
    const isDecided = (start: (typeof starts)[number]) =>
      start.child.exitCode !== null || /listening on/.test(start.stderr);
    await waitFor(() => starts.every(isDecided), "every start to win or to lose", 30_000);
    const winners = starts.filter(({ child }) => child.exitCode === null);
    assert.equal(winners.length, 1, starts.map(({ stderr }) => stderr).join(""));
    assert.equal(JSON.parse(fs.readFileSync(file, "utf8")).pid, winners[0]?.child.pid);
    for (const { child, stderr } of starts) {
      if (child.exitCode === null) continue;
      assert.equal(child.exitCode, 1);
      assert.match(stderr, /^codex: error: (a proxy .* runs already|another proxy .* is just being started)/);
    }
    winners[0]?.child.kill("SIGTERM");
    await Promise.all(starts.map(({ ended }) => ended));
    await waitFor(() => !fs.readdirSync(folder).some(isOfFile), "nothing of them to be left");
  }
});

test("a start that fails, or is killed while it waits for the key, leaves nothing and blocks nobody", async () => {
  const refused = await runProxy({ args: ["--server-info", file], input: "not a key\n" });
  assert.equal(refused.code, 1);
  assert.deepEqual(fs.readdirSync(folder).filter(isOfFile), []);
  const waiting = spawn(launcher, ["--server-info", file], { stdio: ["pipe", "ignore", "pipe"] });
  await waitFor(() => fs.existsSync(`${file}.tmp`), "the claim on the file");
  assert.equal(fs.statSync(`${file}.tmp`).mode & 0o777, 0o600);
  const second = await refuse(file);
  assert.match(second.stderr, /^codex: error: another proxy with this --server-info is just being started: /);
  waiting.kill("SIGKILL");
  await once(waiting, "close");
  const third = await start(file);
  await third.stop();
  await waitFor(() => !fs.existsSync(`${file}.tmp`), "the claim to be gone");
});

test("the place of the claim is as safe as that of the file: no link, no other user's, no second name", async () => {
  const target = join(folder, "target");
  fs.writeFileSync(target, "precious");
  const traps: [string, RegExp][] = [
    ["ln -s", /info\.json\.tmp is a symbolic link/],
    ["ln", /info\.json\.tmp has another name too/],
    ["mkdir -p", /info\.json\.tmp exists and is not a file/],
    ["mkfifo", /info\.json\.tmp exists and is not a file/],
  ];
  for (const [make, message] of traps) {
    execFileSync("sh", ["-c", `${make} ${/^ln/.test(make) ? target : ""} ${file}.tmp`]);
    const { code, stderr } = await refuse(file);
    assert.equal(code, 1);
    assert.match(stderr, message);
    fs.rmSync(`${file}.tmp`, { recursive: true });
  }
  assert.equal(fs.readFileSync(target, "utf8"), "precious");
});
