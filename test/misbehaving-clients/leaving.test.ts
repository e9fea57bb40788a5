// Clients that disappear, in order or with a reset, wherever their request is: what was begun upstream
// in their name ends at once, nothing is logged as the upstream's fault, nothing stays open.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import tls from "node:tls";
import { makeSelfSigned } from "../mock/certificate.ts";
import { openDescriptors } from "../process-figures.ts";
import { RawClient } from "../raw-client.ts";
import { rawPost } from "../raw-http.ts";
import { established, tcpEntry } from "../tcp-table.ts";
import type { Script, UpstreamConnection } from "../upstream/byte-upstream.ts";
import { onConnection, onHead, onRequest } from "../upstream/case.ts";
import { askGood, goodBody, type Lane, openLane } from "../upstream/lane.ts";
import { dribble, pause, send, stayOpen } from "../upstream/steps.ts";
import { comesTrue, waitFor } from "../wait-for.ts";

const length = 10_000_000;
const largeHead = rawPost({ body: "" }).replace("Content-Length: 0", `Content-Length: ${length}`);
const chunkedHead = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";

interface Leaving {
  readonly when: string;
  readonly script: Script;
  readonly request: string;
  /** when to go; default: when the upstream has the request */
  readonly until?: (client: RawClient, lane: Lane) => Promise<unknown>;
  /** how often the upstream gets to see a request */
  readonly requests: number;
}

/** Send until the proxy reads no more, and so that all that was sent has arrived. */
async function fillUp(client: RawClient, lane: Lane): Promise<void> {
  const clientPort = client.socket.localPort as number;
  const unreadBytes = () => tcpEntry(lane.proxy.port, clientPort)?.unreadBytes ?? 0;
  for (let isRead = true; isRead; ) {
    client.write("x".repeat(128 * 1024));
    // More than a moment: it may only be busy.
    isRead = await comesTrue(() => unreadBytes() === 0, 300);
  }
  await waitFor(() => tcpEntry(clientPort, lane.proxy.port)?.unsentBytes === 0, "all to arrive");
}

/** Connections to the upstream that the proxy has not ended, whatever the upstream has noticed. */
function connectionsLeft(lane: Lane): number {
  const isOpen = ({ raw }: UpstreamConnection) =>
    tcpEntry(raw.localPort ?? 0, raw.remotePort ?? 0)?.state === established;
  return [...lane.upstream.connections].filter(isOpen).length;
}

const leavings: readonly Leaving[] = [
  {
    when: "in the middle of its head",
    script: onRequest(stayOpen),
    request: "POST /v1/responses HTTP/1.1\r\nHost: local",
    until: () => sleep(50),
    requests: 0,
  },
  {
    when: "in the middle of a small body",
    script: onHead(stayOpen),
    request: rawPost({ body: '{"input":"hello"}' }).slice(0, -5),
    until: () => sleep(50),
    requests: 0,
  },
  {
    when: "in the middle of a large body",
    script: onHead(stayOpen),
    request: `${largeHead}${"x".repeat(1_000_000)}`,
    requests: 1,
  },
  {
    when: "while the upstream has stopped reading its body",
    script: onHead(
      ({ stream }) => void stream.pause(),
      (connection) => connection.until(() => false),
    ),
    request: largeHead,
    until: fillUp,
    requests: 1,
  },
  { when: "before the answer", script: onRequest(stayOpen), request: rawPost(), requests: 1 },
  {
    when: "in the middle of the answer's head",
    script: onRequest(send("HTTP/1.1 200 OK\r\nX-Half: "), stayOpen),
    request: rawPost(),
    requests: 1,
  },
  {
    when: "after an interim answer",
    script: onRequest(send("HTTP/1.1 103 Early Hints\r\n\r\n"), stayOpen),
    request: rawPost(),
    requests: 1,
  },
  {
    when: "after the answer's head",
    script: onRequest(send(chunkedHead), stayOpen),
    request: rawPost(),
    until: (client) => client.has("\r\n\r\n"),
    requests: 1,
  },
  {
    when: "in the middle of a stream",
    script: onRequest(send(chunkedHead), dribble("8\r\ndata: 1\n\r\n", 5)),
    request: rawPost(),
    until: (client) => client.has("data: 1"),
    requests: 1,
  },
  {
    when: "in the middle of a stream that it does not read",
    script: onRequest(send(chunkedHead), dribble(`8000\r\n${"x".repeat(0x8000)}\r\n`, 0)),
    request: rawPost(),
    until: async (client) => {
      client.socket.pause();
      await sleep(300);
    },
    requests: 1,
  },
  {
    when: "with more requests sent ahead",
    script: onRequest(send(chunkedHead), stayOpen),
    request: rawPost().repeat(20),
    until: (client) => client.has("\r\n\r\n"),
    requests: 1,
  },
];

describe("a client that leaves", () => {
  let lane: Lane;
  before(async () => {
    lane = await openLane();
  });
  after(() => lane.close());

  for (const how of ["FIN", "RST"] as const) {
    for (const { when, script, request, until, requests } of leavings) {
      test(`${when}, with a ${how}`, async () => {
        const heads = lane.upstream.heads.length;
        const logged = lane.proxy.output.stderr;
        lane.upstream.dropConnections(); // what an earlier case left
        lane.upstream.play(script);
        const client = await RawClient.connect(lane.proxy.port);
        client.write(request);
        await (until?.(client, lane) ??
          waitFor(() => lane.upstream.heads.length > heads, "the request to arrive"));
        client.leave(how);
        await comesTrue(
          () => connectionsLeft(lane) === 0 && openDescriptors(lane.proxy.pid) === lane.restingDescriptors,
          3000,
        );
        lane.upstream.play();
        assert.deepEqual(
          {
            connectionsLeft: connectionsLeft(lane),
            descriptors: openDescriptors(lane.proxy.pid),
            requests: lane.upstream.heads.length - heads,
            logged: lane.proxy.output.stderr.slice(logged.length),
            next: await askGood(lane.proxy.port),
          },
          {
            connectionsLeft: 0,
            descriptors: lane.restingDescriptors,
            requests,
            logged: "",
            next: { status: 200, body: goodBody },
          },
        );
      });
    }
  }

  test("five hundred leave at once, wherever they are", async () => {
    lane.upstream.play(
      ...Array.from({ length: 500 }, (_, index) =>
        index % 2 === 0
          ? onRequest(pause(index % 20), stayOpen)
          : onRequest(send(chunkedHead), dribble("8\r\ndata: 1\n\r\n", 20)),
      ),
    );
    const logged = lane.proxy.output.stderr;
    const clients = await Promise.all(Array.from({ length: 500 }, () => RawClient.connect(lane.proxy.port)));
    for (const client of clients) client.write(rawPost());
    await sleep(200);
    for (const [index, client] of clients.entries()) client.leave(index % 3 === 0 ? "RST" : "FIN");
    await comesTrue(
      () => connectionsLeft(lane) === 0 && openDescriptors(lane.proxy.pid) === lane.restingDescriptors,
    );
    lane.upstream.play();
    assert.deepEqual(
      {
        connectionsLeft: connectionsLeft(lane),
        descriptors: openDescriptors(lane.proxy.pid),
        logged: lane.proxy.output.stderr.slice(logged.length),
        next: await askGood(lane.proxy.port),
      },
      {
        connectionsLeft: 0,
        descriptors: lane.restingDescriptors,
        logged: "",
        next: { status: 200, body: goodBody },
      },
    );
  });
});

test("a client that leaves during the upstream's TLS handshake ends that too", async () => {
  const context = tls.createSecureContext(makeSelfSigned(["127.0.0.1"]));
  const lane = await openLane([], context);
  for (const how of ["FIN", "RST"] as const) {
    lane.upstream.play(onConnection(stayOpen));
    const client = await RawClient.connect(lane.proxy.port);
    client.write(rawPost());
    await waitFor(() => lane.upstream.connections.size === 1, "the connection");
    const logged = lane.proxy.output.stderr;
    client.leave(how);
    assert.ok(await comesTrue(() => connectionsLeft(lane) === 0, 3000), `after a ${how}`);
    assert.equal(lane.proxy.output.stderr, logged);
    assert.equal(openDescriptors(lane.proxy.pid), lane.restingDescriptors);
  }
  await lane.close();
});
