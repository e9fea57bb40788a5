// Clients that do not read what they asked for: the upstream is stopped, memory is not filled, and
// when they read on at last, nothing is missing.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { becomesQuiet, residentBytes } from "../process-figures.ts";
import { RawClient } from "../raw-client.ts";
import { rawPost } from "../raw-http.ts";
import type { Step } from "../upstream/byte-upstream.ts";
import { onRequest } from "../upstream/case.ts";
import { askGood, goodBody, type Lane, openLane } from "../upstream/lane.ts";
import { stayOpen } from "../upstream/steps.ts";
import { comesTrue, waitFor } from "../wait-for.ts";

const mib = 1024 * 1024;
let lane: Lane;

before(async () => {
  lane = await openLane();
});
after(() => lane.close());

interface Flow {
  sentBytes: number;
}

/** Send a body of so many bytes as fast as it is taken, and count what was taken. */
function flow(totalBytes: number, counter: Flow): Step {
  return async (connection) => {
    const head = "HTTP/1.1 200 OK\r\nConnection: close\r\n";
    await connection.write(`${head}Content-Length: ${totalBytes}\r\n\r\n`);
    const block = Buffer.alloc(64 * 1024, "x");
    for (; counter.sentBytes < totalBytes; counter.sentBytes += block.length) await connection.write(block);
  };
}

/** Wait until a figure has stopped growing. */
async function settlesAt(figure: () => number): Promise<number> {
  for (;;) {
    const before = figure();
    await sleep(400);
    if (figure() === before) return before;
  }
}

// What the kernel may hold for one connection, both its ends; net.ipv4.tcp_rmem and tcp_wmem end at
// 6 and 4 MiB by default, and there are two connections.
const kernelBytes = 2 * (6 + 4) * mib;

test("one that reads nothing of 512 MiB stops the upstream, and gets all of it once it reads", async () => {
  const totalBytes = 512 * mib;
  const counter = { sentBytes: 0 };
  const before = residentBytes(lane.proxy.pid);
  lane.upstream.play(onRequest(flow(totalBytes, counter)));
  const client = await RawClient.connect(lane.proxy.port);
  client.socket.pause();
  client.write(rawPost());
  await waitFor(() => counter.sentBytes > 0, "the answer to begin");
  const takenBytes = await settlesAt(() => counter.sentBytes);
  const grownBytes = residentBytes(lane.proxy.pid) - before;
  assert.ok(takenBytes < kernelBytes + 16 * mib, `the upstream could send ${takenBytes} bytes`);
  assert.ok(grownBytes < 32 * mib, `grew by ${grownBytes} bytes`);

  assert.ok(await becomesQuiet(lane.proxy.pid), "it waits, and does not poll");
  assert.deepEqual(await askGood(lane.proxy.port), { status: 200, body: goodBody });

  let received = 0;
  client.socket.removeAllListeners("data");
  client.socket.on("data", (chunk) => {
    received += chunk.length;
  });
  client.socket.resume();
  assert.ok(await comesTrue(() => received >= totalBytes, 20_000), `${received} bytes arrived`);
  client.leave();
  const grownAfterBytes = residentBytes(lane.proxy.pid) - before;
  assert.ok(grownAfterBytes < 64 * mib, `grew by ${grownAfterBytes} bytes`);
});

test("forty that read nothing stop forty upstreams, and fill no memory", async () => {
  const counters = Array.from({ length: 40 }, () => ({ sentBytes: 0 }));
  const before = residentBytes(lane.proxy.pid);
  lane.upstream.play(...counters.map((counter) => onRequest(flow(64 * mib, counter))));
  const clients = await Promise.all(counters.map(() => RawClient.connect(lane.proxy.port)));
  for (const client of clients) {
    client.socket.pause();
    client.write(rawPost());
  }
  await waitFor(() => counters.every(({ sentBytes }) => sentBytes > 0), "the answers to begin");
  await settlesAt(() => counters.reduce((sum, { sentBytes }) => sum + sentBytes, 0));
  const grownBytes = residentBytes(lane.proxy.pid) - before;
  assert.ok(grownBytes < 64 * mib, `grew by ${grownBytes} bytes`);
  assert.ok(counters.every(({ sentBytes }) => sentBytes < kernelBytes + 16 * mib));
  assert.deepEqual(await askGood(lane.proxy.port), { status: 200, body: goodBody });
  for (const client of clients) client.leave("RST");
  assert.ok(await comesTrue(() => lane.upstream.connections.size === 0), "the upstreams see the end");
});

test("one that never stops asking ahead is cut off, and fills no memory", async () => {
  const before = residentBytes(lane.proxy.pid);
  lane.upstream.play(onRequest(stayOpen));
  const requests = lane.upstream.heads.length;
  const client = await RawClient.connect(lane.proxy.port);
  const block = rawPost().repeat(500);
  let written = 0;
  const feed = () => {
    while (written < 200 * mib && client.write(block)) written += block.length;
  };
  // Cut off while its first request is still on its way, it would have none forwarded.
  client.write(rawPost());
  await waitFor(() => lane.upstream.heads.length > requests, "the first request to be forwarded");
  client.socket.on("drain", feed);
  feed();
  await waitFor(() => client.socket.destroyed, "the connection to be cut");
  const grownBytes = residentBytes(lane.proxy.pid) - before;
  assert.equal(lane.upstream.heads.length - requests, 1, "one at a time is forwarded");
  assert.ok(written < kernelBytes + 16 * mib, `took ${written} bytes`);
  assert.ok(grownBytes < 64 * mib, `grew by ${grownBytes} bytes`);
  assert.deepEqual(await askGood(lane.proxy.port), { status: 200, body: goodBody });
  client.leave("RST");
  assert.ok(await comesTrue(() => lane.upstream.connections.size === 0), "the upstream sees the end");
  await sleep(100);
  assert.equal(lane.upstream.heads.length - requests, 2, "nothing was sent in its name when it had gone");
});

test("one that asks 1,000 times ahead gets 1,000 answers, in order, one forwarded at a time", async () => {
  let atATime = 0;
  let most = 0;
  const answer: Step = async (connection) => {
    most = Math.max(most, ++atATime);
    const id = /\r\nX-Id: (\d+)\r\n/.exec(lane.upstream.heads.at(-1) ?? "")?.[1] ?? "";
    await connection.write(`HTTP/1.1 200 OK\r\nContent-Length: ${id.length}\r\n\r\n${id}`);
    atATime--;
  };
  lane.upstream.play(...Array.from({ length: 1000 }, () => onRequest(answer)));
  const client = await RawClient.connect(lane.proxy.port);
  const ids = Array.from({ length: 1000 }, (_, index) => String(index));
  client.write(ids.map((id) => rawPost({ headers: [`X-Id: ${id}`] })).join(""));
  const count = () => client.text.match(/\r\n\r\n\d+(?=HTTP|$)/g)?.map((text) => text.trim()) ?? [];
  await client.until(() => client.text.endsWith("\r\n\r\n999"), 20_000);
  client.leave();
  assert.deepEqual({ answers: count(), most }, { answers: ids, most: 1 });
});
