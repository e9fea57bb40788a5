// Bodies that do not come to their end, while the way to the upstream is still being made or is gone:
// one client's unfinished upload is nobody else's matter.

import assert from "node:assert/strict";
import { once } from "node:events";
import net, { type AddressInfo } from "node:net";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { startMockUpstream } from "../mock/upstream.ts";
import { quietUser, type RunningProxy, startProxy } from "../proxy-process.ts";
import { isWhole, rawPost, sendRaw } from "../raw-http.ts";

const unfinished =
  "POST /v1/responses HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n" +
  "Transfer-Encoding: chunked\r\n\r\n5\r\n12345\r\n";

/** Takes TCP connections and never says a word of TLS. */
async function startSilent() {
  const sockets = new Set<net.Socket>();
  const server = net.createServer((socket) => sockets.add(socket.on("error", () => {})));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `https://127.0.0.1:${(server.address() as AddressInfo).port}/v1/responses`,
    close: () => {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
}

async function isAlive(proxy: RunningProxy): Promise<boolean> {
  const { status } = await sendRaw(proxy.port, rawPost({ line: "GET / HTTP/1.1" }), { until: isWhole });
  return status === 403;
}

test("a client that leaves while the connection is being made ends nothing but its own request", async (t) => {
  const silent = await startSilent();
  const proxy = await startProxy({ args: [...quietUser, "--upstream-url", silent.url] });
  t.after(async () => {
    silent.close();
    await proxy.stop();
  });
  for (const leave of ["destroy", "resetAndDestroy", "end"] as const) {
    const socket = net.connect(proxy.port, "127.0.0.1").on("error", () => {});
    socket.write(unfinished);
    await sleep(100);
    socket[leave]();
    await sleep(100);
    assert.ok(await isAlive(proxy), leave);
    socket.destroy();
  }
});

test("nor does one that goes on sending, or stops, after its upstream could not be reached", async (t) => {
  const proxy = await startProxy({
    args: [
      ...[...quietUser, "--upstream-url", "http://127.0.0.1:9/v1/responses"],
      ...["--client-body-idle-timeout-ms", "200", "--max-body-bytes", "1000"],
    ],
  });
  t.after(() => proxy.stop());
  const stops = await sendRaw(proxy.port, unfinished, { timeoutMs: 800 });
  assert.equal(stops.status, 502);
  const socket = net.connect(proxy.port, "127.0.0.1").on("error", () => {});
  socket.write(unfinished);
  await once(socket, "data");
  socket.write(`800\r\n${"x".repeat(2048)}\r\n`);
  await sleep(100);
  assert.ok(await isAlive(proxy));
  socket.destroy();
});

test("the limits on a body hold while the connection is being made", async (t) => {
  const silent = await startSilent();
  const proxy = await startProxy({
    args: [
      ...[...quietUser, "--upstream-url", silent.url, "--upstream-tls-timeout-ms", "0"],
      ...["--client-body-idle-timeout-ms", "200", "--max-body-bytes", "1000"],
    ],
  });
  t.after(async () => {
    silent.close();
    await proxy.stop();
  });
  const stalled = await sendRaw(proxy.port, unfinished, { until: isWhole, timeoutMs: 5000 });
  assert.match(stalled.text, /^HTTP\/1\.1 408 [\s\S]*--client-body-idle-timeout-ms/);
  const large = await sendRaw(proxy.port, `${unfinished}800\r\n${"x".repeat(2048)}\r\n`, {
    until: isWhole,
    timeoutMs: 5000,
  });
  assert.equal(large.status, 413);
});

test("a refused request behind a stream does not cut it, however long it goes on", async (t) => {
  const upstream = await startMockUpstream({ mode: "stream", eventCount: 14, eventGapMs: 500 });
  const proxy = await startProxy({ args: [...quietUser, "--upstream-url", upstream.url] });
  t.after(async () => {
    await upstream.close();
    await proxy.stop();
  });
  const ahead = rawPost({ body: '{"stream":true}' }) + rawPost({ line: "GET /x HTTP/1.1" });
  const { text } = await sendRaw(proxy.port, ahead, {
    timeoutMs: 15_000,
    until: (soFar) => /HTTP\/1\.1 403 /.test(soFar),
  });
  assert.match(text, /response\.completed[\s\S]*0\r\n\r\nHTTP\/1\.1 403 /);
});
