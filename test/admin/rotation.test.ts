// Another key for a running proxy, whole: launched, dropped and locked, with clients that stream from it.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { once } from "node:events";
import fs from "node:fs";
import http, { type IncomingMessage } from "node:http";
import net, { type AddressInfo, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, beforeEach, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { sendMany } from "../many-requests.ts";
import { type MockUpstream, startMockUpstream } from "../mock/upstream.ts";
import { skipWithoutWorld, World } from "../oidc/world.ts";
import {
  asOtherUser,
  packageRoot,
  quietUser,
  type RunningProxy,
  runProxy,
  skipWithoutOtherUser,
  startProxy,
  testKey,
} from "../proxy-process.ts";
import { isWhole, rawPost, sendRaw } from "../raw-http.ts";
import { comesTrue, waitFor } from "../wait-for.ts";
import { handOver } from "./hand-over.ts";
import { askUnix, askUnixAs } from "./unix-client.ts";

const newKey = "sk-new-9876543210zyxwvutsrqponmlkjihgfedcbaZYXWVUTS";

let upstream: MockUpstream;
let folder: string;
let path: string;

before(async () => {
  upstream = await startMockUpstream();
  folder = fs.mkdtempSync(join(tmpdir(), "codex-rotation-"));
  fs.chmodSync(folder, 0o755);
  path = join(folder, "admin.sock");
});

beforeEach(() => {
  upstream.mode = "plain";
});

after(async () => {
  await upstream.close();
  fs.rmSync(folder, { recursive: true });
});

const start = (...args: string[]) =>
  startProxy({
    args: ["--upstream-url", upstream.url, "--admin-socket", path, ...quietUser, ...args],
  });

const rotate = (key: string, ...args: string[]) =>
  runProxy({ args: ["rotate", ...(args.length > 0 ? args : ["--admin-socket", path])], input: `${key}\n` });

/** The key with which the upstream sees a request that is made now. */
async function keyNow(proxy: RunningProxy): Promise<string | undefined> {
  upstream.mode = "plain";
  const answer = await sendRaw(proxy.port, rawPost(), { until: isWhole });
  assert.equal(answer.status, 200, answer.text);
  return upstream.requests.at(-1)?.headers.authorization?.replace("Bearer ", "");
}

/** Opens a stream; `done` tells whether it came to its end whole. */
async function openStream(proxy: RunningProxy): Promise<{ readonly done: Promise<boolean> }> {
  const request = http.request(`${proxy.baseUrl}/v1/responses`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    agent: false,
  });
  request.end('{"stream":true}');
  const [response] = (await once(request, "response")) as [IncomingMessage];
  assert.equal(response.statusCode, 200);
  let text = "";
  response.on("data", (chunk) => {
    text += chunk;
  });
  const done = new Promise<boolean>((resolve) => {
    response.on("close", () => resolve(response.complete && text.includes("response.completed")));
    response.on("error", () => resolve(false));
  });
  return { done };
}

test("`rotate` replaces the key; the log says who did it, and nobody shows a byte of it", async () => {
  const serverInfo = join(folder, "info.json");
  const proxy = await start("--server-info", serverInfo);
  assert.equal(await keyNow(proxy), testKey);
  const replaced = { code: 0, signal: null, stdout: "the key was replaced\n", stderr: "" };
  assert.deepEqual(await rotate(newKey), replaced);
  assert.equal(await keyNow(proxy), newKey);
  assert.deepEqual(await rotate(testKey, "--server-info", serverInfo), replaced);
  assert.equal(await keyNow(proxy), testKey);
  await proxy.stop();
  const uid = process.geteuid?.();
  const lines = proxy.output.stderr.split("\n").filter((line) => line.includes("replaced"));
  assert.equal(lines.length, 2);
  assert.match(lines[0] as string, new RegExp(`^codex: the key was replaced \\(by uid ${uid}, pid \\d+\\)$`));
  assert.doesNotMatch(proxy.output.stderr, /sk-/);
});

test("under 200 open streams no request fails, and all that begin after the answer have the new key", async () => {
  upstream.mode = "stream";
  upstream.eventCount = 30;
  upstream.eventGapMs = 100;
  const proxy = await start();
  const first = upstream.requests.length;
  const streams = await Promise.all(Array.from({ length: 200 }, () => openStream(proxy)));
  let isOver = false;
  // Requests that never pause, so that some are on their way at the very moment.
  const others = (async () => {
    while (!isOver) await sendMany(proxy.port, 50);
  })();
  await sleep(200);
  assert.deepEqual(await rotate(newKey), {
    code: 0,
    signal: null,
    stdout: "the key was replaced\n",
    stderr: "",
  });
  const afterwards = upstream.requests.length;
  const later = await Promise.all(Array.from({ length: 50 }, () => openStream(proxy)));
  isOver = true;
  await others;
  const whole = await Promise.all([...streams, ...later].map(({ done }) => done));
  assert.equal(whole.filter(Boolean).length, 250);
  const keys = upstream.requests.slice(first).map(({ headers }) => headers.authorization);
  assert.deepEqual(new Set(keys), new Set([`Bearer ${testKey}`, `Bearer ${newKey}`]));
  assert.deepEqual(new Set(keys.slice(afterwards - first)), new Set([`Bearer ${newKey}`]));
  assert.equal(proxy.output.stderr.includes("failed"), false, proxy.output.stderr);
  await proxy.stop();
});

describe("a key that is none leaves the old one in use and says so:", () => {
  let proxy: RunningProxy;
  before(async () => {
    proxy = await start();
  });
  after(() => proxy.stop());

  const cases: [name: string, bytes: string | Buffer, code: string, options?: { ends: boolean }][] = [
    ["an empty line", "\n", "ADM_ERR_KEY_MISSING"],
    ["nothing, and the end", "", "ADM_ERR_KEY_MISSING", { ends: true }],
    ["the end before the newline", newKey, "ADM_ERR_KEY_CUT", { ends: true }],
    ["4097 bytes", `${"k".repeat(4097)}\n`, "ADM_ERR_KEY_TOO_LARGE"],
    ["100 KB without a newline", "k".repeat(100_000), "ADM_ERR_KEY_TOO_LARGE"],
    ["a blank", "sk-secret value\n", "ADM_ERR_KEY_BAD_CHARACTER"],
    ["quotes", '"sk-secretvalue"\n', "ADM_ERR_KEY_BAD_CHARACTER"],
    ["NUL", "sk-secret\0value\n", "ADM_ERR_KEY_BAD_CHARACTER"],
    ["a byte over 127", Buffer.from([0x73, 0x6b, 0xff, 0x0a]), "ADM_ERR_KEY_BAD_CHARACTER"],
    ["two lines", "sk-secretvalue\nsecond\n", "ADM_ERR_KEY_MORE_THAN_ONE_LINE"],
    ["an empty line before it", "\nsk-secretvalue\n", "ADM_ERR_KEY_MORE_THAN_ONE_LINE"],
  ];
  for (const [name, bytes, code, options] of cases) {
    test(name, async () => {
      const { outcome, message } = await handOver(path, bytes, options);
      assert.equal(outcome, code);
      assert.doesNotMatch(message, /secret|value/);
      assert.equal(await keyNow(proxy), testKey);
      assert.ok(await comesTrue(() => proxy.output.stderr.trimEnd().endsWith(message)));
    });
  }

  test("a good one that comes with the request's head, before it was asked for", async () => {
    assert.equal((await handOver(path, "", { early: `${newKey}\n` })).outcome, "ADM_ERR_BAD_REQUEST");
    assert.equal(await keyNow(proxy), testKey);
  });

  test("a good one in the body of a request, as curl would send it", async () => {
    const { status, body } = await askUnix(path, "POST /rotate", `${newKey}\n`);
    assert.deepEqual([status, JSON.parse(body).error.code], [426, "ADM_ERR_UPGRADE"]);
    assert.equal(await keyNow(proxy), testKey);
  });

  test("a client that leaves before it has sent any", async () => {
    const socket = net.connect(path);
    socket.write("POST /rotate HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: codex-key\r\n\r\n");
    await once(socket, "data");
    socket.destroy();
    assert.ok(await comesTrue(() => proxy.output.stderr.includes("no key came")));
    assert.equal(await keyNow(proxy), testKey);
  });

  test("what `rotate` itself does not take never leaves it", async () => {
    const { code, stderr } = await runProxy({
      args: ["rotate", "--admin-socket", path],
      input: "sk-secret x\n",
    });
    assert.equal(code, 1);
    assert.match(stderr, /^codex: error: API key may only contain .*\ncodex: hint: .*\n$/);
    assert.equal(await keyNow(proxy), testKey);
  });

  test("one that stalls, after 30 seconds, in which a second one is refused and requests go on", async () => {
    const began = performance.now();
    let meanwhile: unknown;
    const stalled = handOver(path, "sk-half", {
      onInvited: async () => {
        const second = await handOver(path, `${newKey}\n`);
        const { status } = await askUnix(path, "GET /healthz");
        meanwhile = [second.outcome, status, await keyNow(proxy)];
      },
    });
    assert.equal((await stalled).outcome, "ADM_ERR_KEY_STALLED");
    assert.deepEqual(meanwhile, ["ADM_ERR_ROTATION_BUSY", 200, testKey]);
    assert.ok(performance.now() - began > 29_000);
    assert.equal((await handOver(path, `${newKey}\n`)).outcome, "replaced");
    assert.equal(await keyNow(proxy), newKey);
  });
});

test("of many at once one at a time is taken, each other is refused, and the key is one of them", async () => {
  const proxy = await start();
  const keys = Array.from({ length: 8 }, (_, index) => `sk-racing-${index}`);
  const outcomes = await Promise.all(keys.map(async (key) => (await handOver(path, `${key}\n`)).outcome));
  const taken = keys.filter((_, index) => outcomes[index] === "replaced");
  assert.ok(taken.length > 0);
  assert.ok(outcomes.every((outcome) => outcome === "replaced" || outcome === "ADM_ERR_ROTATION_BUSY"));
  assert.ok(taken.includes((await keyNow(proxy)) as string));
  await proxy.stop();
});

test("100 in a row under load: each is taken, no request fails, nothing is left open", async () => {
  const proxy = await start();
  await sendMany(proxy.port, 50);
  await handOver(path, "sk-warm\n");
  const first = upstream.requests.length;
  let isOver = false;
  const others = (async () => {
    while (!isOver) await sendMany(proxy.port, 50);
  })();
  const descriptors = () => fs.readdirSync(`/proc/${proxy.pid}/fd`).length;
  const keys = Array.from({ length: 100 }, (_, index) => `sk-number-${index}`);
  for (const key of keys) {
    let { outcome } = await handOver(path, `${key}\n`);
    // The key before the last may still be on its way into a socket.
    while (outcome === "ADM_ERR_ROTATION_SLOT") ({ outcome } = await handOver(path, `${key}\n`));
    assert.equal(outcome, "replaced");
  }
  isOver = true;
  await others;
  assert.equal(await keyNow(proxy), keys.at(-1));
  const used = new Set(upstream.requests.slice(first).map(({ headers }) => headers.authorization));
  assert.ok(
    [...used].every((value) => value === "Bearer sk-warm" || /^Bearer sk-number-\d+$/.test(value ?? "")),
  );
  if (process.geteuid?.() === 0) {
    const most = 60; // at rest some 30, and the connections that are kept
    assert.ok(await comesTrue(() => descriptors() < most), `${descriptors()} descriptors`);
  }
  await proxy.stop();
});

test("while it drains the key can be replaced, and the admin socket tells that it drains", async () => {
  upstream.mode = "stream";
  upstream.eventCount = 30;
  upstream.eventGapMs = 100;
  const proxy = await start();
  const stream = await openStream(proxy);
  assert.equal((await askUnix(path, "GET /readyz")).status, 200);
  assert.equal((await askUnix(path, "POST /stop")).status, 200);
  await waitFor(() => true, "the stop");
  const ready = await askUnix(path, "GET /readyz");
  assert.deepEqual([ready.status, JSON.parse(ready.body).reason], [503, "draining"]);
  assert.equal((await askUnix(path, "GET /healthz")).status, 200);
  assert.equal((await rotate(newKey)).stdout, "the key was replaced\n");
  assert.equal(await stream.done, true);
  assert.deepEqual(await proxy.ended, { code: 0, signal: null });
});

test("a stop does not wait for a key that does not come", async () => {
  const proxy = await start();
  let isInvited = false;
  const waiting = handOver(path, "", {
    onInvited: () => {
      isInvited = true;
    },
  });
  await waitFor(() => isInvited, "the invitation");
  const began = performance.now();
  proxy.kill("SIGTERM");
  assert.deepEqual(await proxy.ended, { code: 0, signal: null });
  assert.ok(performance.now() - began < 10_000, "the key would be awaited for 30 seconds");
  assert.equal((await waiting).outcome, undefined);
});

test("a stream that is open finds the key masked with which it was sent, after that was replaced", async () => {
  let source: Socket | undefined;
  let head = "";
  const echoing = net.createServer((socket) => {
    socket.on("error", () => {});
    socket.on("data", (bytes) => {
      head += bytes.toString("latin1");
      if (source !== undefined) return;
      source = socket;
      socket.write(
        "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n",
      );
    });
  });
  echoing.listen(0, "127.0.0.1");
  await once(echoing, "listening");
  const { port } = echoing.address() as AddressInfo;
  const proxy = await startProxy({
    args: ["--upstream-url", `http://127.0.0.1:${port}/v1/responses`, "--admin-socket", path, ...quietUser],
  });
  const client = net.connect(proxy.port, "127.0.0.1");
  let received = "";
  client.on("data", (bytes) => {
    received += bytes.toString("latin1");
  });
  client.write(rawPost());
  await waitFor(() => received.includes("\r\n\r\n"), "the head");
  assert.match(head, new RegExp(`Bearer ${testKey}\r\n`, "i"));
  assert.equal((await handOver(path, `${newKey}\n`)).outcome, "replaced");
  const chunk = (text: string) => `${text.length.toString(16)}\r\n${text}\r\n`;
  source?.write(chunk(`data: ${testKey}\n\n`) + chunk(`data: ${testKey.slice(0, 20)}`));
  await sleep(50);
  source?.write(chunk(`${testKey.slice(20)}, ${newKey}\n\n`) + chunk("data: end\n\n"));
  await waitFor(() => received.includes("data: end"), "the end");
  const data = received
    .split("\r\n")
    .filter((line) => !/^[0-9a-f]+$/.test(line))
    .join("");
  const stars = (text: string) => "*".repeat(text.length);
  assert.ok(data.includes(`data: ${stars(testKey)}\n\ndata: ${stars(testKey)}, ${stars(newKey)}\n\n`), data);
  client.destroy();
  source?.destroy();
  echoing.close();
  await proxy.stop();
});

describe("by the kernel's word", { skip: skipWithoutOtherUser }, () => {
  const asUser = (uid: number) => ["setpriv", `--reuid=${uid}`, `--regid=${uid}`, "--clear-groups"];
  const rotateAs = (uid: number, key: string) =>
    runProxy({ through: asUser(uid), args: ["rotate", "--admin-socket", path], input: `${key}\n` });

  test("of a proxy that root started, root alone replaces the key, not the user it serves as", async () => {
    const proxy = await start("--admin-socket-mode", "0666");
    for (const uid of [60001, 60002]) {
      const { code, stderr } = await rotateAs(uid, newKey);
      assert.deepEqual([code, /for root and for the user who started the proxy/.test(stderr)], [1, true]);
      assert.equal((await askUnixAs(uid, path, "POST /stop")).status, 403);
      assert.equal((await askUnixAs(uid, path, "GET /healthz")).status, 200);
    }
    assert.equal(await keyNow(proxy), testKey);
    assert.equal((await rotateAs(0, newKey)).code, 0);
    assert.equal(await keyNow(proxy), newKey);
    await proxy.stop();
  });

  test("of a proxy that a user started, that user and root do, and no other", async () => {
    const own = join(folder, "own");
    fs.mkdirSync(own);
    fs.chownSync(own, 60001, 60001);
    path = join(own, "admin.sock");
    const proxy = await startProxy({
      through: asOtherUser,
      args: ["--upstream-url", upstream.url, "--admin-socket", path, "--admin-socket-mode", "0666"],
    });
    assert.equal((await rotateAs(60002, newKey)).code, 1);
    assert.equal(await keyNow(proxy), testKey);
    assert.equal((await rotateAs(60001, newKey)).code, 0);
    assert.equal(await keyNow(proxy), newKey);
    assert.equal((await rotateAs(0, testKey)).code, 0);
    assert.equal(await keyNow(proxy), testKey);
    await proxy.stop();
    path = join(folder, "admin.sock");
  });

  test("`rotate` sends root's key to no other user who has put a socket where all may", async () => {
    const script = `
      const fs = require("node:fs");
      require("node:net").createServer((socket) => {
        socket.on("error", () => {});
        socket.on("data", (bytes) => {
          fs.appendFileSync(process.argv[1] + ".got", bytes);
          socket.write("HTTP/1.1 101 Switching Protocols\\r\\n\\r\\n");
        });
      }).listen(process.argv[1], () => process.stderr.write("listening on 127.0.0.1:1\\n"));`;
    const open = fs.mkdtempSync(join(tmpdir(), "codex-open-"));
    fs.chmodSync(open, 0o1777);
    const trap = join(open, "admin.sock");
    const thief = await startProxy({
      through: asOtherUser,
      command: process.execPath,
      args: ["-e", script, trap],
    });
    const { code, stderr } = await rotate(newKey, "--admin-socket", trap);
    assert.deepEqual(
      [code, /belongs to uid 60001, in a folder where others may write/.test(stderr)],
      [1, true],
    );
    assert.equal(fs.existsSync(`${trap}.got`), false);
    // The control: whoever does not look hands it over.
    await Promise.race([handOver(trap, `${newKey}\n`), sleep(500)]);
    assert.ok(fs.readFileSync(`${trap}.got`, "latin1").includes(newKey));
    thief.kill("SIGKILL");
    await thief.ended;
    fs.rmSync(open, { recursive: true });
  });
});

describe("where the key is fetched", { skip: skipWithoutWorld }, () => {
  test("none is taken, with the reason", async () => {
    const world = await World.open();
    const proxy = await world.start({ args: ["--admin-socket", path] });
    assert.equal((await handOver(path, `${newKey}\n`)).outcome, "ADM_ERR_ROTATION_OIDC");
    const { code, stderr } = await rotate(newKey);
    assert.deepEqual([code, /with --github-oidc the key is fetched/.test(stderr)], [1, true]);
    assert.equal((await askUnix(path, "GET /readyz")).status, 200);
    await proxy.stop();
    await world.close();
  });
});

test("where the kernel has no memfd_secret it works as well, on both sides", async (t) => {
  const source = join(packageRoot, "test/attacks/programs/without-memfd-secret.c");
  const older = join(folder, "older-kernel");
  const compiler = process.env.CC || "cc";
  if (spawnSync(compiler, ["-D_GNU_SOURCE", source, "-o", older]).status !== 0)
    return t.skip("needs a C compiler");
  const { stdout } = await runProxy({ through: [older], args: ["--check"] });
  assert.match(stdout, /secret memory\s+locked pages/);
  const proxy = await startProxy({
    through: [older],
    args: ["--upstream-url", upstream.url, "--admin-socket", path, ...quietUser],
  });
  const { code, stderr } = await runProxy({
    through: [older],
    args: ["rotate", "--admin-socket", path],
    input: `${newKey}\n`,
  });
  assert.equal(code, 0, stderr);
  assert.equal(await keyNow(proxy), newKey);
  await proxy.stop();
});

test("usage: one place, and nothing that may be a key is repeated", async () => {
  for (const args of [
    ["--admin-socket", "a", "--server-info", "b"],
    [newKey],
    ["--admin-socket", path, newKey],
  ]) {
    const { code, stderr } = await runProxy({ args: ["rotate", ...args], input: `${newKey}\n` });
    assert.equal(code, 2, stderr);
    assert.doesNotMatch(stderr, /sk-new/);
  }
});

test("a proxy that is not there is an error of its own, before a key is asked for", async () => {
  const missing = await rotate(newKey, "--admin-socket", join(folder, "missing.sock"));
  assert.deepEqual([missing.code, /cannot connect to .*ENOENT/.test(missing.stderr)], [3, true]);
  const info = await rotate(newKey, "--server-info", join(folder, "missing.json"));
  assert.equal(info.code, 3);
});

test("a user who may not open the admin socket is told for whom it is", {
  skip: skipWithoutOtherUser,
}, async () => {
  const proxy = await startProxy({ args: ["--admin-socket", path, ...quietUser] });
  const tokens = join(folder, "tokens");
  fs.writeFileSync(tokens, "");
  fs.chownSync(tokens, 60_001, 60_001);
  for (const args of [["rotate"], ["token", "reload", "--client-tokens", tokens]]) {
    const options = {
      through: [...asOtherUser],
      args: [...args, "--admin-socket", path],
      input: `${newKey}\n`,
    };
    const { code, stderr } = await runProxy(options);
    const expected = `codex: error: cannot connect to ${path}: EACCES\ncodex: hint: the admin socket is for root and for the user who started the proxy\n`;
    assert.deepEqual([code, stderr], [3, expected]);
  }
  await proxy.stop();
});
