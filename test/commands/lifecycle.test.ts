// `wait` and `stop`: scripts start the proxy in the background, wait for it, and end it, without a guess
// about time and without ever signalling another process.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import fs from "node:fs";
import http from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, afterEach, before, beforeEach, test } from "node:test";
import { type MockUpstream, startMockUpstream } from "../mock/upstream.ts";
import {
  asOtherUser,
  quietUser,
  runProxy,
  skipWithoutOtherUser,
  startProxy,
  testKey,
} from "../proxy-process.ts";
import { waitFor } from "../wait-for.ts";

let folder: string;
let file: string;
const cleanUps: (() => void)[] = [];

before(() => {
  folder = fs.mkdtempSync(join(tmpdir(), "codex-lifecycle-"));
  fs.chmodSync(folder, 0o755);
});
after(() => fs.rmSync(folder, { recursive: true }));
beforeEach(() => {
  file = join(folder, "info.json");
});
afterEach(() => {
  for (const cleanUp of cleanUps.splice(0)) cleanUp();
  fs.rmSync(file, { force: true });
});

const run = (name: string, ...extra: string[]) => runProxy({ args: [name, "--server-info", file, ...extra] });
const start = (...extra: string[]) => startProxy({ args: [...quietUser, "--server-info", file, ...extra] });

test("wait ends with 0 when the proxy runs, also when it is called first and the file is half-written", async () => {
  fs.writeFileSync(file, '{"port":');
  let hasEnded = false;
  const waiting = run("wait").finally(() => {
    hasEnded = true;
  });
  await new Promise((resolve) => setTimeout(resolve, 300));
  assert.equal(hasEnded, false);
  const proxy = await start();
  assert.deepEqual(await waiting, { code: 0, signal: null, stdout: "", stderr: "" });
  assert.equal((await run("wait", "--timeout-ms", "0")).code, 0);
  await proxy.stop();
});

test("wait ends with 4 when the time is over, and says what was missing", async () => {
  const missing = await run("wait", "--timeout-ms", "100");
  assert.deepEqual([missing.code, missing.stdout], [4, ""]);
  assert.match(
    missing.stderr,
    /^codex: error: no proxy after 100 ms: not running: there is no .*\ncodex: hint: /,
  );
  fs.writeFileSync(file, '{"port":1,"pid":4194304}');
  const dead = await run("wait", "--timeout-ms", "100");
  assert.deepEqual([dead.code, /process 4194304 of .* has ended/.test(dead.stderr)], [4, true]);
});

test("stop ends the proxy and waits until it is gone", async () => {
  const proxy = await start();
  assert.deepEqual(await run("stop"), { code: 0, signal: null, stdout: "", stderr: "" });
  assert.deepEqual(await proxy.ended, { code: 0, signal: null });
  assert.ok(!fs.existsSync(file));
  const again = await run("stop");
  assert.deepEqual([again.code, /not running: there is no /.test(again.stderr)], [3, true]);
});

test("stop never signals a process that merely has the pid now", async () => {
  const bystander = spawn("sleep", ["60"]);
  cleanUps.push(() => bystander.kill("SIGKILL"));
  const proxy = await start();
  const info = JSON.parse(fs.readFileSync(file, "utf8"));
  await proxy.stop();
  for (const stale of [
    { ...info, pid: bystander.pid, start_ticks: info.start_ticks + 1 },
    { port: info.port, pid: bystander.pid, started_at: "", version: "" },
  ]) {
    fs.writeFileSync(file, JSON.stringify(stale));
    const { code, stderr } = await run("stop");
    assert.deepEqual([code, /has ended/.test(stderr)], [3, true], stderr);
  }
  assert.equal(bystander.exitCode, null);
  assert.equal(bystander.signalCode, null);
});

test("no file of another user has root end a process of a third", {
  skip: skipWithoutOtherUser,
}, async () => {
  const proxy = await startProxy({ args: ["--user", "60002", "--server-info", file] });
  const info = fs.readFileSync(file, "utf8");
  fs.chownSync(file, 60_003, 60_003);
  const { code, stderr } = await run("stop");
  const message = `${file} belongs to uid 60003, but process ${proxy.pid}, which it names, to another user`;
  assert.deepEqual([code, stderr.split("\n")[0]], [1, `codex: error: ${message}`]);
  assert.equal(fs.readFileSync(file, "utf8"), info);
  fs.chownSync(file, 60_002, 60_002);
  assert.equal((await run("stop")).code, 0, "of the user that the proxy runs as it is taken");
  await proxy.ended;
});

test("stop by a user who may not says who may", { skip: skipWithoutOtherUser }, async () => {
  const proxy = await startProxy({ args: ["--user", "60002", "--server-info", file] });
  const result = await runProxy({ through: [...asOtherUser], args: ["stop", "--server-info", file] });
  assert.equal(result.code, 1);
  assert.match(
    result.stderr,
    /^codex: error: not permitted to stop process \d+\ncodex: hint: run it as root, /,
  );
  assert.equal((await run("status")).code, 0);
  await proxy.stop();
});

test("stop waits for open streams as long as it is told to, and with --now it cuts them off", async () => {
  const upstream: MockUpstream = await startMockUpstream({ expectedKey: testKey, mode: "silence" });
  cleanUps.push(() => void upstream.close());
  for (const [extra, code] of [
    [["--timeout-ms", "200"], 4],
    [["--now"], 0],
  ] as const) {
    const proxy = await start("--upstream-url", upstream.url);
    const before = upstream.requests.length;
    const headers = { "content-type": "application/json" };
    const request = http.request(`${proxy.baseUrl}/v1/responses`, { method: "POST", headers });
    request.on("error", () => {});
    request.end("{}");
    await waitFor(() => upstream.requests.length === before + 1, "the request to arrive");
    const result = await run("stop", ...extra);
    assert.equal(result.code, code, result.stderr);
    if (code === 4) {
      assert.match(result.stderr, /still runs after 200 ms\ncodex: hint: .*--drain-timeout-ms/);
      proxy.kill("SIGTERM");
    }
    await proxy.ended;
  }
});

test("a daemon, wait, status and stop are a whole life", async () => {
  const args = [...quietUser, "--daemon", "--log-file", join(folder, "log"), "--server-info", file];
  assert.equal((await runProxy({ args, input: testKey })).code, 0);
  assert.equal((await run("wait", "--timeout-ms", "0")).code, 0);
  assert.equal((await run("status")).code, 0);
  assert.equal((await run("stop")).code, 0);
  assert.equal((await run("status")).code, 3);
});
