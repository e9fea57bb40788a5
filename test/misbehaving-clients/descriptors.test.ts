// Clients that use up every descriptor the proxy may have: it neither dies nor spins, serves those who
// have what they need, and everybody again once descriptors come back.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { becomesQuiet } from "../process-figures.ts";
import { type RunningProxy, startProxy } from "../proxy-process.ts";
import { RawClient } from "../raw-client.ts";
import { rawPost } from "../raw-http.ts";
import { ByteUpstream } from "../upstream/byte-upstream.ts";
import { onRequest } from "../upstream/case.ts";
import { askGood } from "../upstream/lane.ts";
import { send } from "../upstream/steps.ts";
import { comesTrue } from "../wait-for.ts";

const kept = "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nkept";
const good = { status: 200, body: "kept" };

let upstream: ByteUpstream;
let proxy: RunningProxy;
const clients: RawClient[] = [];

before(async () => {
  upstream = new ByteUpstream(onRequest(send(kept)));
  await upstream.listen();
  proxy = await startProxy({
    args: ["--upstream-url", upstream.url],
    through: ["prlimit", "--nofile=128:128"],
  });
});
after(async () => {
  for (const client of clients) client.leave();
  await proxy.stop();
  upstream.close();
});

async function connect(count: number): Promise<RawClient[]> {
  const connected = await Promise.all(Array.from({ length: count }, () => RawClient.connect(proxy.port)));
  clients.push(...connected);
  return connected;
}

async function ask(client: RawClient) {
  client.text = "";
  client.write(rawPost());
  const { final } = await client.settled();
  return { status: final?.status, body: final?.body };
}

async function isServedAgain(): Promise<boolean> {
  for (let attempt = 0; attempt < 50; attempt++) {
    const answer = await askGood(proxy.port).catch(() => undefined);
    if (answer?.status === 200) return true;
    await sleep(50);
  }
  return false;
}

/** Connect more than there are descriptors for, until some are turned away. */
async function useUp(): Promise<RawClient[]> {
  const crowd = await connect(300);
  assert.ok(await comesTrue(() => crowd.some(({ ending }) => ending !== "open")));
  // libuv turns the first away by giving up a descriptor that it holds in reserve. Those who come
  // after them find it gone.
  await sleep(100);
  return [...crowd, ...(await connect(100))];
}

test("with its descriptors used up it serves those who have what they need, and nobody waits for nothing", async () => {
  // One client that was there before, with a connection to the upstream that is kept for it.
  const [early] = (await connect(1)) as [RawClient];
  for (let i = 0; i < 2; i++) assert.deepEqual(await ask(early), good);

  const crowd = await useUp();
  assert.ok(await becomesQuiet(proxy.pid), "it does not spin");
  for (let i = 0; i < 10; i++) assert.deepEqual(await ask(early), good);

  for (const client of crowd) if (client.ending === "open") client.write(rawPost());
  for (const client of crowd) {
    const { final } = await client.settled();
    const isAnswered = final?.status === 200 || final?.status === 502;
    assert.ok(isAnswered || client.ending !== "open", "an answer or an end, not silence");
  }
  assert.deepEqual(await ask(early), good);

  for (const client of crowd) client.leave();
  assert.ok(await isServedAgain(), "new clients are served again");
  assert.deepEqual(await ask(early), good);
  early.leave();
});

test("a second and a third time it does not spin or die either, and ends in order", async () => {
  for (let i = 0; i < 2; i++) {
    const crowd = await useUp();
    assert.ok(await becomesQuiet(proxy.pid), "it does not spin");
    for (const client of crowd) client.leave();
    assert.ok(await isServedAgain());
  }
  proxy.kill("SIGTERM");
  assert.deepEqual(await proxy.ended, { code: 0, signal: null });
});
