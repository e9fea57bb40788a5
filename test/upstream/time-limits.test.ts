// An upstream that takes its time: each wait has a limit of its own, whose name the client and the
// log are told, and what moves within its limit may take as long as it likes.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import fs from "node:fs";
import net from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import tls from "node:tls";
import { makeAuthority } from "../mock/certificate.ts";
import { startProxy } from "../proxy-process.ts";
import { RawClient } from "../raw-client.ts";
import { rawPost } from "../raw-http.ts";
import { comesTrue } from "../wait-for.ts";
import { bothVersions, type Case, cut, onConnection, onHead, onRequest, passed, refused } from "./case.ts";
import { type Lane, openLane, smallRequest } from "./lane.ts";
import { dribble, pause, send, sendRawBytes, stayOpen, untilClientHas, untilSomethingCame } from "./steps.ts";
import { testCases } from "./test-cases.ts";

const limitMs = 600;
const limits = [
  ["--upstream-connect-timeout-ms", String(limitMs)],
  ["--upstream-tls-timeout-ms", String(limitMs)],
  ["--upstream-headers-timeout-ms", String(limitMs)],
  ["--stream-idle-timeout-ms", String(limitMs)],
].flat();

const silent = refused("waiting for the answer", /--upstream-headers-timeout-ms/, 504);
const silentTls = refused("in the TLS handshake", /--upstream-tls-timeout-ms/, 504);
const stalled = (body: string) => cut(body, /--stream-idle-timeout-ms/);
const chunkedHead = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
const event = "9\r\ndata: 1\n\n\r\n";
const twiceTheLimit = limitMs * 2;

const headerCases: readonly Case[] = [
  {
    name: "an upstream that takes the request and says nothing is a 504",
    clients: bothVersions,
    upstream: onRequest(stayOpen),
    outcome: silent,
  },
  {
    name: "an upstream that stops in the middle of its head is a 504",
    upstream: onRequest(send("HTTP/1.1 200 OK\r\nContent-Ty"), stayOpen),
    outcome: silent,
  },
  {
    name: "headers that come a byte at a time and do not end are a 504",
    upstream: onRequest(send("HTTP/1.1 200 OK\r\nX: "), dribble("x", 40)),
    outcome: silent,
  },
  {
    name: "a 103 does not stop the clock",
    upstream: onRequest(dribble("HTTP/1.1 103 Early Hints\r\n\r\n", 40)),
    outcome: silent,
  },
];

const streamCases: readonly Case[] = [
  {
    name: "a stream that falls silent behind its head breaks the client's connection",
    clients: bothVersions,
    upstream: onRequest(send(chunkedHead), stayOpen),
    outcome: stalled(""),
  },
  {
    name: "a stream that falls silent between events breaks the client's connection",
    clients: bothVersions,
    upstream: onRequest(send(chunkedHead + event), untilClientHas("data: 1"), stayOpen),
    outcome: stalled("data: 1\n\n"),
  },
  {
    name: "a stream that falls silent before its last chunk's end breaks the client's connection",
    clients: bothVersions,
    upstream: onRequest(send(`${chunkedHead}${event}0\r\n`), untilClientHas("data: 1"), stayOpen),
    outcome: stalled("data: 1\n\n"),
  },
  {
    name: "a length that is never reached, as in an answer to HEAD, breaks the client's connection",
    upstream: onRequest(send("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n"), stayOpen),
    outcome: stalled(""),
  },
  {
    name: "a stream that is slow and never silent for so long is passed on whole",
    clients: bothVersions,
    upstream: onRequest(
      send(chunkedHead),
      dribble(event, limitMs / 6, Math.ceil((twiceTheLimit * 6) / limitMs)),
      send("0\r\n\r\n"),
    ),
    outcome: passed(200, "data: 1\n\n".repeat(Math.ceil((twiceTheLimit * 6) / limitMs))),
  },
];

describe("over TCP", () => {
  let lane: Lane;
  before(async () => {
    lane = await openLane(limits);
  });
  after(() => lane.close());

  testCases("an upstream that does not answer", headerCases, () => lane);
  testCases("an upstream that falls silent", streamCases, () => lane);

  test("the wait for the answer begins at the end of the request's body", async () => {
    lane.upstream.play(
      onRequest(
        pause(limitMs / 3),
        send("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 4\r\n\r\nlate"),
      ),
    );
    const client = await RawClient.connect(lane.proxy.port);
    const body = "x".repeat(20);
    const request = rawPost({ body });
    client.write(request.slice(0, -body.length));
    for (const byte of body) {
      await sleep(twiceTheLimit / body.length);
      client.write(byte);
    }
    const { final } = await client.settled();
    client.leave();
    assert.deepEqual({ status: final?.status, body: final?.body }, { status: 200, body: "late" });
  });

  test("a body that the upstream takes slowly has no limit", async () => {
    lane.upstream.play(
      onHead(
        ({ stream }) => void stream.pause(),
        pause(twiceTheLimit),
        ({ stream }) => void stream.resume(),
        (connection) => connection.until(() => connection.upstream.receivedBytes - received > 16_000_000),
        send("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 4\r\n\r\ntook"),
      ),
    );
    const received = lane.upstream.receivedBytes;
    const client = await RawClient.connect(lane.proxy.port);
    client.write(rawPost({ body: "x".repeat(16_000_000) }));
    const { final } = await client.settled(10_000);
    client.leave();
    assert.deepEqual({ status: final?.status, body: final?.body }, { status: 200, body: "took" });
  });
});

describe("over TLS", () => {
  let lane: Lane;
  let folder: string;
  before(async () => {
    const authority = makeAuthority();
    folder = fs.mkdtempSync(join(tmpdir(), "codex-limits-"));
    const caFile = join(folder, "ca.pem");
    fs.writeFileSync(caFile, authority.cert);
    const context = tls.createSecureContext(authority.issue(["127.0.0.1"]));
    lane = await openLane([...limits, "--upstream-ca", caFile], context);
  });
  after(async () => {
    await lane.close();
    fs.rmSync(folder, { recursive: true });
  });

  const cases: readonly Case[] = [
    {
      name: "an upstream that does not answer the ClientHello is a 504",
      upstream: onConnection(untilSomethingCame, stayOpen),
      outcome: silentTls,
    },
    {
      name: "an upstream that stops in the middle of its ServerHello is a 504",
      upstream: onConnection(untilSomethingCame, sendRawBytes("\x16\x03\x03\0\x7a\x02\0\0"), stayOpen),
      outcome: silentTls,
    },
  ];
  testCases("a handshake that does not end", cases, () => lane);
});

test("an upstream to which no connection can be made is a 504", async () => {
  const full = await startFullServer();
  const proxy = await startProxy({
    args: ["--upstream-url", `http://127.0.0.1:${full.port}/v1/responses`, ...limits],
  });
  const client = await RawClient.connect(proxy.port);
  client.write(smallRequest());
  const { final } = await client.settled();
  client.leave();
  assert.equal(final?.status, 504);
  assert.equal(JSON.parse(final.body).error.code, "PXY_ERR_UPSTREAM_TIMEOUT");
  assert.match(JSON.parse(final.body).error.message, /--upstream-connect-timeout-ms/);
  await comesTrue(() => proxy.output.stderr.includes("while"));
  assert.match(
    proxy.output.stderr,
    /codex: warning: request failed while connecting: .*--upstream-connect-timeout-ms/,
  );
  await proxy.stop();
  full.close();
});

/** A server that is stopped and whose queue is full: the kernel drops every further SYN. */
async function startFullServer(): Promise<{ readonly port: number; close(): void }> {
  const script = `const s = require("net").createServer().listen({ port: 0, host: "127.0.0.1", backlog: 1 },
    () => console.log(s.address().port))`;
  const child = spawn(process.execPath, ["-e", script], { stdio: ["ignore", "pipe", "inherit"] });
  const [line] = await once(child.stdout, "data");
  const port = Number(line);
  child.kill("SIGSTOP");
  const waiting: net.Socket[] = [];
  for (let isFull = false; !isFull; ) {
    const socket = net.connect(port, "127.0.0.1");
    socket.on("error", () => {});
    waiting.push(socket);
    isFull = !(await Promise.race([once(socket, "connect").then(() => true), sleep(300, false)]));
  }
  return {
    port,
    close: () => {
      for (const socket of waiting) socket.destroy();
      child.kill("SIGKILL");
    },
  };
}
