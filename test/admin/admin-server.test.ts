// The admin socket by itself: who may ask for what, what it takes, and what it does with the rest.

import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import fs from "node:fs";
import net from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { RequestBudget } from "../../proxy/admin/request-budget.ts";
import { skipWithoutOtherUser } from "../proxy-process.ts";
import { comesTrue } from "../wait-for.ts";
import { askUnix, askUnixAs, sendUnix, unixRequest } from "./unix-client.ts";

const entry = fileURLToPath(new URL("./admin-process.js", import.meta.url));
const startUid = 60003;

let folder: string;
let path: string;
let child: ChildProcess;

before(async () => {
  folder = fs.mkdtempSync(join(tmpdir(), "codex-admin-"));
  fs.chmodSync(folder, 0o755);
  path = join(folder, "admin.sock");
  // Under another name until the child has it: closing it here removes the name that it was made with.
  const listener = net.createServer().listen(`${path}.made`);
  await once(listener, "listening");
  fs.chmodSync(`${path}.made`, 0o666);
  const { fd } = (listener as unknown as { _handle: { fd: number } })._handle;
  const uid = process.geteuid?.() === 0 ? startUid : process.geteuid?.();
  child = spawn(process.execPath, [entry, String(uid)], { stdio: ["ignore", "ignore", "pipe", fd] });
  fs.renameSync(`${path}.made`, path);
  listener.close();
  await once(child.stderr as NodeJS.ReadableStream, "data");
});

after(() => {
  child.kill("SIGKILL");
  fs.rmSync(folder, { recursive: true });
});

test("it tells that it lives and is ready, and after a stop that it drains", async () => {
  assert.deepEqual(await askUnix(path, "GET /healthz"), { status: 200, body: '{"status":"alive"}\n' });
  assert.deepEqual(await askUnix(path, "GET /readyz"), { status: 200, body: '{"status":"ready"}\n' });
  assert.deepEqual(await askUnix(path, "POST /stop"), { status: 200, body: '{"status":"draining"}\n' });
  const notReady = { status: 503, body: '{"status":"not ready","reason":"draining"}\n' };
  assert.deepEqual(await askUnix(path, "GET /readyz"), notReady);
});

test("refusals are JSON that says why, and a failure tells nothing of itself", async () => {
  const codes: unknown[] = [];
  const cases: [string, string[]][] = [
    ["GET /nothing", []],
    ["GET /healthz?x=1", []],
    ["POST /healthz", []],
    ["POST /talk", []],
    ["GET /fails", []],
    ["GET /healthz", ["Origin: http://page.example"]],
    ["GET /healthz", ["Sec-Fetch-Site: same-origin"]],
    ["POST /talk", ["Connection: upgrade", "Upgrade: other"]],
    ["GET /healthz", ["Connection: upgrade", "Upgrade: test"]],
    ["NONSENSE", []],
  ];
  for (const [line, headers] of cases) {
    const { status, body } = await askUnix(path, line, "", headers);
    const { error } = JSON.parse(body);
    assert.doesNotMatch(body, /nobody's business/);
    codes.push([status, error.code]);
  }
  assert.deepEqual(codes, [
    [404, "ADM_ERR_NOT_FOUND"],
    [404, "ADM_ERR_NOT_FOUND"],
    [405, "ADM_ERR_METHOD"],
    [426, "ADM_ERR_UPGRADE"],
    [500, "ADM_ERR_INTERNAL"],
    [403, "ADM_ERR_ORIGIN"],
    [403, "ADM_ERR_ORIGIN"],
    [400, "ADM_ERR_BAD_REQUEST"],
    [400, "ADM_ERR_BAD_REQUEST"],
    [400, "ADM_ERR_BAD_REQUEST"],
  ]);
});

test("any Host will do, and none", async () => {
  assert.equal((await askUnix(path, "GET /healthz", "", ["Host: elsewhere.example"])).status, 200);
});

test("a body of 1 MiB is taken, one of a byte more is refused", async () => {
  const { status, body } = await askUnix(path, "POST /length", "x".repeat(1024 * 1024));
  assert.deepEqual([status, JSON.parse(body).bytes], [200, 1024 * 1024]);
  assert.equal((await askUnix(path, "POST /length", "x".repeat(1024 * 1024 + 1))).status, 413);
});

test("a head that is too long is refused", async () => {
  assert.match(
    await sendUnix(path, unixRequest("GET /healthz", "", [`X: ${"x".repeat(20_000)}`])),
    /^HTTP\/1.1 4/,
  );
});

test("an upgrade takes the connection over, but not where anything came before the answer", async () => {
  const head = "POST /talk HTTP/1.1\r\nConnection: upgrade\r\nUpgrade: test\r\n";
  assert.match(await sendUnix(path, `${head}\r\n`), /^HTTP\/1.1 101 [\s\S]*hello$/);
  assert.match(await sendUnix(path, `${head}\r\nearly`), /^HTTP\/1.1 400 [\s\S]*before the answer 101/);
  const withBody = `${head}Content-Length: 5\r\n\r\nearly`;
  assert.match(await sendUnix(path, withBody), /^HTTP\/1.1 400 [\s\S]*before the answer 101/);
});

test("those who may only read share a budget of requests", () => {
  let now = 0;
  const budget = new RequestBudget(() => now);
  const taken = () => Array.from({ length: 100 }, () => budget.take()).filter(Boolean).length;
  assert.equal(taken(), 40);
  now += 1000;
  assert.equal(taken(), 20);
  now += 3_600_000;
  assert.equal(taken(), 40);
});

describe("by the kernel's word", { skip: skipWithoutOtherUser }, () => {
  test("root and the user who started the proxy may change things, others may look", async () => {
    const statuses = async (uid: number) =>
      [
        await askUnixAs(uid, path, "GET /healthz"),
        await askUnixAs(uid, path, "POST /length", "abc"),
        await askUnixAs(uid, path, "POST /stop"),
      ].map(({ status }) => status);
    assert.deepEqual(await statuses(0), [200, 200, 200]);
    assert.deepEqual(await statuses(startUid), [200, 200, 200]);
    assert.deepEqual(await statuses(60001), [200, 200, 403]);
  });

  test("the uid of the peer is told to handlers", async () => {
    const { body } = await askUnixAs(60001, path, "POST /length", "abc");
    assert.deepEqual(JSON.parse(body), { bytes: 3, uid: 60001 });
  });

  test("however many connections others open, root gets through", async () => {
    const script = `
      const net = require("node:net");
      const sockets = Array.from({ length: 100 }, () => net.connect(process.argv[1]).on("error", () => {}));
      setTimeout(() => console.log(sockets.filter((socket) => !socket.destroyed).length), 500);
      setTimeout(() => {}, 60_000);`;
    const user = ["setpriv", "--reuid=60001", "--regid=60001", "--clear-groups"];
    const crowd = spawn(user[0] as string, [...user.slice(1), process.execPath, "-e", script, path]);
    let left = "";
    crowd.stdout.on("data", (chunk) => {
      left += chunk;
    });
    assert.ok(await comesTrue(() => left !== ""));
    assert.equal(Number(left), 16);
    assert.equal((await askUnix(path, "GET /healthz")).status, 200);
    assert.notEqual((await askUnixAs(60001, path, "GET /healthz")).status, 200);
    crowd.kill("SIGKILL");
  });
});
