// How the proxy ends: by signal or by request, with open streams, twice in a row.

import assert from "node:assert/strict";
import { once } from "node:events";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import http, { type IncomingMessage } from "node:http";
import net from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { type MockUpstream, startMockUpstream } from "../mock/upstream.ts";
import { quietUser, type RunningProxy, startProxy } from "../proxy-process.ts";
import { isWhole, rawPost, sendRaw } from "../raw-http.ts";

let upstream: MockUpstream;
let folder: string;
let info: string;

before(async () => {
  upstream = await startMockUpstream();
  folder = mkdtempSync(join(tmpdir(), "codex-shutdown-"));
  info = join(folder, "info.json");
});

after(async () => {
  await upstream.close();
  rmSync(folder, { recursive: true });
});

const start = (...args: string[]) =>
  startProxy({ args: ["--upstream-url", upstream.url, "--server-info", info, ...args] });

async function openStream(proxy: RunningProxy): Promise<{ done: Promise<boolean> }> {
  const request = http.request(`${proxy.baseUrl}/v1/responses`, {
    method: "POST",
    agent: new http.Agent({ keepAlive: true }),
    headers: { "content-type": "application/json" },
  });
  request.on("error", () => {});
  request.end('{"stream":true}');
  const [response] = (await once(request, "response")) as [IncomingMessage];
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

for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"] as const) {
  test(`${signal}: exit 0, server info gone`, async () => {
    const proxy = await start();
    assert.ok(existsSync(info));
    proxy.kill(signal);
    assert.deepEqual(await proxy.ended, { code: 0, signal: null });
    assert.ok(!existsSync(info));
  });
}

test("GET /shutdown: 200, exit 0, server info gone, nothing cut", async () => {
  const proxy = await start("--http-shutdown", ...quietUser);
  const answer = await sendRaw(proxy.port, `GET /shutdown HTTP/1.1\r\nHost: 127.0.0.1:${proxy.port}\r\n\r\n`);
  assert.equal(answer.status, 200);
  assert.deepEqual(await proxy.ended, { code: 0, signal: null });
  assert.match(
    proxy.output.stderr,
    /^codex: every user .*\ncodex: protections: .*\nresponses-api-proxy listening on .*\n$/,
  );
  assert.ok(!existsSync(info));
});

test("GET /shutdown from a web page: 403, and it goes on", async () => {
  const proxy = await start("--http-shutdown");
  for (const header of ["Origin: http://evil.example", "Sec-Fetch-Site: cross-site"]) {
    const answer = await sendRaw(
      proxy.port,
      `GET /shutdown HTTP/1.1\r\nHost: 127.0.0.1\r\n${header}\r\n\r\n`,
      {
        until: isWhole,
      },
    );
    assert.equal(answer.status, 403);
  }
  const answer = await sendRaw(proxy.port, rawPost(), { until: isWhole });
  assert.equal(answer.status, 200);
  await proxy.stop();
});

test("an open stream is let finish, new connections are not taken, idle ones are closed", async () => {
  upstream.mode = "stream";
  upstream.eventCount = 10;
  upstream.eventGapMs = 100;
  const proxy = await start();
  const stream = await openStream(proxy);
  proxy.kill("SIGTERM");
  await sleep(200);
  assert.ok(!existsSync(info), "server info goes first, so that nobody new is sent here");
  assert.equal((await sendRaw(proxy.port, rawPost())).status, undefined);
  assert.equal(await stream.done, true);
  assert.deepEqual(await proxy.ended, { code: 0, signal: null });
});

test("streams that take longer than the drain timeout are cut, not ended in order", async () => {
  upstream.mode = "stream";
  upstream.eventCount = 100;
  upstream.eventGapMs = 100;
  const proxy = await start("--drain-timeout-ms", "300");
  const stream = await openStream(proxy);
  const began = Date.now();
  proxy.kill("SIGTERM");
  assert.deepEqual(await proxy.ended, { code: 0, signal: null });
  assert.ok(Date.now() - began < 5000);
  assert.equal(await stream.done, false);
  assert.match(proxy.output.stderr, /1 open request was cut off/);
});

test("an HTTP/1.0 client, for whom a close is an end, sees a reset when its stream is cut", async () => {
  upstream.mode = "stream";
  upstream.eventCount = 100;
  upstream.eventGapMs = 50;
  const proxy = await start("--drain-timeout-ms", "200");
  const line = "POST /v1/responses HTTP/1.0";
  const answer = sendRaw(proxy.port, rawPost({ line, body: '{"stream":true}' }), { timeoutMs: 5000 });
  await sleep(300);
  proxy.kill("SIGTERM");
  assert.equal((await answer).end, "reset");
  await proxy.ended;
});

test("connections that have asked for nothing yet do not hold it up", async () => {
  const proxy = await start();
  const silent = net.connect(proxy.port, "127.0.0.1");
  const half = net.connect(proxy.port, "127.0.0.1");
  for (const socket of [silent, half]) socket.on("error", () => {});
  half.write("POST /v1/res");
  await sleep(100);
  const began = Date.now();
  proxy.kill("SIGTERM");
  assert.deepEqual(await proxy.ended, { code: 0, signal: null });
  assert.ok(Date.now() - began < 5000);
  assert.doesNotMatch(proxy.output.stderr, /cut off/);
});

test("a second signal ends it at once", async () => {
  upstream.mode = "stream";
  upstream.eventCount = 100;
  upstream.eventGapMs = 100;
  const proxy = await start();
  const stream = await openStream(proxy);
  proxy.kill("SIGTERM");
  await sleep(200);
  proxy.kill("SIGTERM");
  assert.deepEqual(await proxy.ended, { code: 0, signal: null });
  assert.equal(await stream.done, false);
  assert.ok(!existsSync(info));
});

test("started by nohup it outlives the hangup", async () => {
  const proxy = await startProxy({
    args: ["--upstream-url", upstream.url],
    through: ["sh", "-c", 'trap "" HUP; exec "$@"', "sh"],
  });
  proxy.kill("SIGHUP");
  await sleep(200);
  upstream.mode = "plain";
  assert.equal((await sendRaw(proxy.port, rawPost(), { until: isWhole })).status, 200);
  await proxy.stop();
});
