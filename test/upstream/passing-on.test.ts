// What an upstream says that the proxy must pass on and not act upon: where to go instead, and how
// to unfold what it sent.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { gunzipSync, gzipSync } from "node:zlib";
import { residentBytes } from "../process-figures.ts";
import { valuesOf } from "../raw-answer.ts";
import { RawClient } from "../raw-client.ts";
import { ByteUpstream } from "./byte-upstream.ts";
import { onRequest } from "./case.ts";
import { askGood, goodAnswer, type Lane, openLane, smallRequest } from "./lane.ts";
import { send } from "./steps.ts";

let lane: Lane;
let elsewhere: ByteUpstream;

before(async () => {
  lane = await openLane();
  elsewhere = new ByteUpstream(onRequest(send(goodAnswer)));
  await elsewhere.listen();
});
after(async () => {
  elsewhere.close();
  await lane.close();
});

async function ask() {
  const client = await RawClient.connect(lane.proxy.port);
  client.write(smallRequest());
  const { final } = await client.settled();
  client.leave();
  return final;
}

describe("a redirect is passed on and followed by nobody", () => {
  for (const status of [300, 301, 302, 303, 307, 308]) {
    for (const [where, location] of [
      ["to another server", () => elsewhere.url],
      ["to the same server", () => lane.upstream.url.replace("responses", "other")],
      ["to a path", () => "/v1/other"],
      ["to a file", () => "file:///etc/passwd"],
    ] as const) {
      test(`${status} ${where}`, async () => {
        const requests = lane.upstream.heads.length;
        const head = `HTTP/1.1 ${status} Elsewhere\r\nLocation: ${location()}\r\nConnection: close\r\n`;
        lane.upstream.play(onRequest(send(`${head}Content-Length: 4\r\n\r\nmove`)));
        const answer = await ask();
        assert.deepEqual(
          {
            status: answer?.status,
            location: valuesOf(answer?.headers ?? [], "location"),
            body: answer?.body,
            requests: lane.upstream.heads.length - requests,
            elsewhere: elsewhere.connectionCount,
          },
          { status, location: [location()], body: "move", requests: 1, elsewhere: 0 },
        );
      });
    }
  }

  test("nor by Refresh, Link, Alt-Svc or Content-Location, which are passed on too", async () => {
    const lines = [
      `Refresh: 0; url=${elsewhere.url}`,
      `Link: <${elsewhere.url}>; rel=preload`,
      `Alt-Svc: h2="127.0.0.1:${elsewhere.port}"`,
      `Content-Location: ${elsewhere.url}`,
    ];
    const head = `HTTP/1.1 200 OK\r\n${lines.join("\r\n")}\r\nConnection: close\r\n`;
    lane.upstream.play(onRequest(send(`${head}Content-Length: 2\r\n\r\n{}`)));
    const answer = await ask();
    assert.equal(answer?.status, 200);
    for (const line of lines) {
      const [name = "", ...value] = line.split(": ");
      assert.deepEqual(valuesOf(answer.headers, name.toLowerCase()), [value.join(": ")]);
    }
    assert.equal((await askGood(lane.proxy.port)).status, 200);
    assert.equal(elsewhere.connectionCount, 0);
  });
});

test("a gzip bomb passes unexpanded: its bytes as they are, and memory that it does not fill", async () => {
  // Members one after the other are one gzip file (RFC 1952 2.2): 1 GiB in about 1 MiB.
  const member = gzipSync(Buffer.alloc(16 * 1024 * 1024), { level: 9 });
  const bomb = Buffer.concat(Array.from({ length: 64 }, () => member));
  const before = residentBytes(lane.proxy.pid);
  const head = "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nConnection: close\r\n";
  lane.upstream.play(onRequest(send(`${head}Content-Length: ${bomb.length}\r\n\r\n`), send(bomb)));
  const answer = await ask();
  await sleep(50);
  const grownMiB = (residentBytes(lane.proxy.pid) - before) / 1024 / 1024;
  assert.deepEqual(valuesOf(answer?.headers ?? [], "content-encoding"), ["gzip"]);
  assert.ok(Buffer.from(answer?.body ?? "", "latin1").equals(bomb));
  assert.ok(grownMiB < 64, `grew by ${grownMiB.toFixed(0)} MiB`);
  assert.equal(gunzipSync(member).length, 16 * 1024 * 1024, "it is a bomb where it is expanded");
});
