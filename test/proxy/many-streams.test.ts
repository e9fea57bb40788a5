// Thousands of streams at once, each with its events as they come, and none starved by a greedy one.

import assert from "node:assert/strict";
import { once } from "node:events";
import fs from "node:fs";
import net, { type AddressInfo, type Socket } from "node:net";
import { test } from "node:test";
import { quietUser, type RunningProxy, startProxy } from "../proxy-process.ts";
import { rawPost } from "../raw-http.ts";

const streamCount = 5000;

// Two descriptors a stream here, where client and upstream are one process, and two in the proxy.
const openFileLimit = Number(
  /Max open files\s+\d+\s+(\d+)/.exec(fs.readFileSync("/proc/self/limits", "utf8"))?.[1],
);
const skip =
  openFileLimit > 2 * streamCount + 200
    ? false
    : `the limit on open files, ${openFileLimit}, is too low for it`;

const head = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n";

function chunk(text: string): string {
  return `${text.length.toString(16)}\r\n${text}\r\n`;
}

/** An upstream that keeps every stream open until it is told what to send. */
async function startUpstream() {
  const streams = new Set<Socket>();
  const server = net.createServer((socket) => {
    socket.setNoDelay(true).on("error", () => {});
    socket.once("data", () => {
      socket.write(head);
      streams.add(socket);
    });
    socket.resume().on("close", () => streams.delete(socket));
  });
  server.listen({ port: 0, host: "127.0.0.1", backlog: 1024 });
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1/responses`,
    streams,
    close: () => {
      for (const socket of streams) socket.destroy();
      server.close();
    },
  };
}

/** A client that opens one stream and keeps what it gets. */
class Client {
  received = "";
  readonly socket: Socket;

  constructor(port: number) {
    this.socket = net.connect(port, "127.0.0.1");
    this.socket.on("error", () => {});
    this.socket.on("data", (bytes) => {
      this.received += bytes.toString("latin1");
    });
    this.socket.write(rawPost());
  }
}

async function waitUntil(isDone: () => boolean, what: () => string): Promise<void> {
  const deadline = Date.now() + 60_000;
  while (!isDone()) {
    assert.ok(Date.now() < deadline, `timed out: ${what()}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

function residentBytes(proxy: RunningProxy): number {
  const status = fs.readFileSync(`/proc/${proxy.pid}/status`, "utf8");
  return Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1]) * 1024;
}

test(`${streamCount} streams are open at once and all of them receive, in bounded memory`, {
  skip,
}, async (t) => {
  const upstream = await startUpstream();
  const proxy = await startProxy({ args: [...quietUser, "--upstream-url", upstream.url] });
  t.after(async () => {
    upstream.close();
    await proxy.stop();
  });
  const atRest = residentBytes(proxy);
  const clients: Client[] = [];
  while (clients.length < streamCount) {
    for (let i = 0; i < 250; i++) clients.push(new Client(proxy.port));
    await waitUntil(
      () => upstream.streams.size === clients.length,
      () => `${upstream.streams.size} of ${clients.length} streams`,
    );
  }
  for (const round of ["one", "two", "three"]) {
    for (const stream of upstream.streams) stream.write(chunk(`data: ${round}\n\n`));
    const hasIt = (client: Client) => client.received.includes(chunk(`data: ${round}\n\n`));
    await waitUntil(
      () => clients.every(hasIt),
      () => `${clients.filter(hasIt).length} clients have event ${round}`,
    );
  }
  const perStream = (residentBytes(proxy) - atRest) / streamCount;
  t.diagnostic(`${Math.round(perStream / 1024)} KiB a stream`);
  assert.ok(perStream < 80 * 1024, `${perStream} bytes a stream`);
  for (const client of clients) client.socket.destroy();
  await waitUntil(
    () => upstream.streams.size === 0,
    () => `${upstream.streams.size} streams are left open`,
  );
});

test("small streams go on beside one that takes all it can get", async (t) => {
  const upstream = await startUpstream();
  const proxy = await startProxy({ args: [...quietUser, "--upstream-url", upstream.url] });
  t.after(async () => {
    upstream.close();
    await proxy.stop();
  });
  const greedy = net.connect(proxy.port, "127.0.0.1");
  let greedyBytes = 0;
  greedy
    .on("error", () => {})
    .on("data", (bytes) => {
      greedyBytes += bytes.length;
    });
  greedy.write(rawPost());
  await waitUntil(
    () => upstream.streams.size === 1,
    () => "the greedy stream",
  );
  const [source] = upstream.streams;
  const block = chunk("x".repeat(64 * 1024));
  const pump = () => {
    while (source?.writable && source.write(block));
  };
  source?.on("drain", pump);
  pump();

  // It is never ended, so that what follows is beside it and not after it.
  const small = Array.from({ length: 50 }, () => new Client(proxy.port));
  await waitUntil(
    () => upstream.streams.size === 51,
    () => `${upstream.streams.size} streams`,
  );
  for (let event = 0; event < 20; event++) {
    const before = greedyBytes;
    for (const stream of upstream.streams) if (stream !== source) stream.write(chunk(`data: ${event}\n\n`));
    await waitUntil(
      () => small.every((client) => client.received.includes(chunk(`data: ${event}\n\n`))),
      () => `event ${event}`,
    );
    await waitUntil(
      () => greedyBytes > before,
      () => "the greedy stream to go on",
    );
  }
  greedy.destroy();
  for (const client of small) client.socket.destroy();
});
