// Clients that take their time, by the hundred: each wait has its limit, whose name they are told, and
// nobody else is served any later for it.

import assert from "node:assert/strict";
import { after, afterEach, before, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { openDescriptors, residentBytes } from "../process-figures.ts";
import { RawClient } from "../raw-client.ts";
import { rawPost } from "../raw-http.ts";
import { onHead, onRequest } from "../upstream/case.ts";
import { askGood, goodBody, type Lane, openLane } from "../upstream/lane.ts";
import { send, stayOpen } from "../upstream/steps.ts";
import { comesTrue, waitFor } from "../wait-for.ts";

const limitMs = 1000;
const good = { status: 200, body: goodBody };
let lane: Lane;

before(async () => {
  lane = await openLane([
    ...["--client-headers-timeout-ms", String(limitMs)],
    ...["--client-body-idle-timeout-ms", String(limitMs)],
  ]);
});
after(() => lane.close());
afterEach(async () => {
  lane.upstream.dropConnections();
  const { proxy, restingDescriptors } = lane;
  assert.ok(
    await comesTrue(() => openDescriptors(proxy.pid) === restingDescriptors),
    "descriptors are left open",
  );
  assert.deepEqual(await askGood(proxy.port), good);
});

function codeOf(client: RawClient): unknown {
  return JSON.parse(client.answers.final?.body ?? "{}").error?.code;
}

function messageOf(client: RawClient): string {
  return JSON.parse(client.answers.final?.body ?? "{}").error?.message ?? "";
}

async function crowd(size: number): Promise<RawClient[]> {
  return Promise.all(Array.from({ length: size }, () => RawClient.connect(lane.proxy.port)));
}

/** Wait until all have been shown the door. */
async function allAreOut(clients: readonly RawClient[]): Promise<void> {
  for (const client of clients)
    assert.ok(await client.until(() => client.ending !== "open", 15_000), "left open");
  for (const client of clients) client.leave();
}

describe("a client that does not get its head together", () => {
  test("dribbles it: it gets a 408 that names the limit, and 200 such clients keep nobody waiting", async () => {
    const clients = await crowd(200);
    const requests = lane.upstream.heads.length;
    for (const client of clients) client.write("POST /v1/responses HTTP/1.1\r\nHost: localhost\r\nX-Slow: ");
    const feed = setInterval(() => {
      for (const client of clients) if (client.ending === "open") client.write("x");
    }, limitMs / 10);
    for (let i = 0; i < 10; i++) assert.deepEqual(await askGood(lane.proxy.port), good);
    await allAreOut(clients);
    clearInterval(feed);
    const told = clients.filter((client) => codeOf(client) === "PXY_ERR_HEADER_TIMEOUT");
    // One that writes on after the answer may meet a reset before it has read it.
    assert.ok(told.length > 100, `${told.length} were told`);
    assert.match(messageOf(told[0] as RawClient), /--client-headers-timeout-ms/);
    assert.equal(lane.upstream.heads.length - requests, 10, "nothing of theirs was forwarded");
  });

  test("stops in the middle of it: 1,000 such clients get a 408 each, and keep nobody waiting", async () => {
    const before = residentBytes(lane.proxy.pid);
    const clients = await crowd(1000);
    for (const client of clients) client.write("POST /v1/responses HTTP/1.1\r\nHost: loc");
    for (let i = 0; i < 10; i++) assert.deepEqual(await askGood(lane.proxy.port), good);
    const grownMiB = (residentBytes(lane.proxy.pid) - before) / 1024 / 1024;
    assert.ok(grownMiB < 100, `grew by ${grownMiB.toFixed(0)} MiB`);
    await allAreOut(clients);
    assert.deepEqual(
      [...new Set(clients.map((client) => `${client.answers.final?.status} ${codeOf(client)}`))],
      ["408 PXY_ERR_HEADER_TIMEOUT"],
    );
  });

  test("says nothing at all: 1,000 such clients are closed, and keep nobody waiting", async () => {
    const clients = await crowd(1000);
    for (let i = 0; i < 10; i++) assert.deepEqual(await askGood(lane.proxy.port), good);
    await allAreOut(clients);
  });

  test("sends empty lines only: it is closed too", async () => {
    const [client] = (await crowd(1)) as [RawClient];
    const feed = setInterval(() => client.ending === "open" && client.write("\r\n"), limitMs / 10);
    await allAreOut([client]);
    clearInterval(feed);
  });

  test("between two requests may take longer: an idle connection is kept", async () => {
    const [client] = (await crowd(1)) as [RawClient];
    client.write(rawPost());
    assert.equal((await client.settled()).final?.status, 200);
    await sleep(limitMs * 2);
    client.text = "";
    client.write(rawPost());
    assert.equal((await client.settled()).final?.status, 200);
    client.leave();
  });

  test("stops in the middle of a second request's head: it gets its 408 as well", async () => {
    const [client] = (await crowd(1)) as [RawClient];
    client.write(rawPost());
    await client.settled();
    client.text = "";
    client.write("POST /v1/resp");
    await allAreOut([client]);
    assert.equal(codeOf(client), "PXY_ERR_HEADER_TIMEOUT");
  });
});

describe("a client that does not get its body together", () => {
  // Larger than any body that may be gathered before it is forwarded.
  const length = 10_000_000;
  const head = rawPost({ body: "" }).replace("Content-Length: 0", `Content-Length: ${length}`);
  const chunkedHead = rawPost({ body: "" }).replace("Content-Length: 0", "Transfer-Encoding: chunked");

  for (const [framing, start, piece] of [
    ["with a length", head, "x"],
    ["in chunks", chunkedHead, "1\r\nx\r\n"],
  ] as const) {
    test(`stops in the middle of one ${framing}: it gets a 408 that names the limit, the upstream an end`, async () => {
      lane.upstream.play(onHead(stayOpen));
      const [client] = (await crowd(1)) as [RawClient];
      client.write(start + piece.repeat(100_000));
      await waitFor(() => lane.upstream.connections.size === 1, "the request to arrive");
      await client.settled();
      assert.deepEqual(
        { status: client.answers.final?.status, code: codeOf(client) },
        { status: 408, code: "PXY_ERR_BODY_TIMEOUT" },
      );
      assert.match(messageOf(client), /--client-body-idle-timeout-ms/);
      await waitFor(() => lane.upstream.connections.size === 0, "the upstream to see the end");
      client.leave();
    });
  }

  test("stops in the middle of a small one: it gets a 408, and the upstream nothing whole", async () => {
    const bodies = lane.upstream.bodies.length;
    const [client] = (await crowd(1)) as [RawClient];
    client.write(rawPost({ body: '{"input":"hello"}' }).slice(0, -5));
    await client.settled();
    assert.deepEqual(
      {
        status: client.answers.final?.status,
        code: codeOf(client),
        sent: lane.upstream.bodies.length - bodies,
      },
      { status: 408, code: "PXY_ERR_BODY_TIMEOUT", sent: 0 },
    );
    client.leave();
  });

  test("sends it slowly and never stops for so long: it is forwarded, however long it takes", async () => {
    const [client] = (await crowd(1)) as [RawClient];
    const body = '{"input":"hello"}';
    const request = rawPost({ body });
    client.write(request.slice(0, -body.length));
    for (const byte of body) {
      await sleep((limitMs * 2) / body.length);
      client.write(byte);
    }
    assert.equal((await client.settled()).final?.status, 200);
    assert.equal(lane.upstream.bodies.at(-1), body);
    client.leave();
  });

  test("sends 200 of them byte by byte: nobody else waits", async () => {
    const clients = await crowd(200);
    for (const client of clients) client.write(`${head}x`);
    const feed = setInterval(() => {
      for (const client of clients) if (client.ending === "open") client.write("x");
    }, limitMs / 10);
    for (let i = 0; i < 10; i++) assert.deepEqual(await askGood(lane.proxy.port), good);
    clearInterval(feed);
    for (const client of clients) client.leave();
    await waitFor(() => lane.upstream.connections.size === 0, "the upstream to see the end");
  });

  test("waits for the upstream, which does not read: that is not its fault, and it is not cut for it", async () => {
    const received = lane.upstream.receivedBytes;
    lane.upstream.play(
      onHead(
        ({ stream }) => void stream.pause(),
        () => sleep(limitMs * 2),
        ({ stream }) => void stream.resume(),
        (connection) => connection.until(() => lane.upstream.receivedBytes - received >= length),
        send("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\n{}"),
      ),
    );
    const [client] = (await crowd(1)) as [RawClient];
    client.write(head + "x".repeat(length));
    assert.equal((await client.settled(10_000)).final?.status, 200);
    client.leave();
  });
});

test("the two limits are for the request only: an answer may take longer", async () => {
  lane.upstream.play(
    onRequest(
      () => sleep(limitMs * 2.5),
      send("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\n{}"),
    ),
  );
  const [client] = (await crowd(1)) as [RawClient];
  client.write(rawPost());
  assert.equal((await client.settled()).final?.status, 200);
  client.leave();
});
