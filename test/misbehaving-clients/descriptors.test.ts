// Clients that use up every descriptor the proxy may have: it neither dies nor spins, serves those who
// have what they need, and everybody again once descriptors come back.

import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { cpuTimeMs, openDescriptors } from "../process-figures.ts";
import { startProxy } from "../proxy-process.ts";
import { RawClient } from "../raw-client.ts";
import { rawPost } from "../raw-http.ts";
import { ByteUpstream } from "../upstream/byte-upstream.ts";
import { onRequest } from "../upstream/case.ts";
import { askGood } from "../upstream/lane.ts";
import { send } from "../upstream/steps.ts";
import { comesTrue } from "../wait-for.ts";

const kept = "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nkept";
const good = { status: 200, body: "kept" };

test("with its descriptors used up it goes on, and recovers", async () => {
  const upstream = new ByteUpstream(onRequest(send(kept)));
  await upstream.listen();
  const proxy = await startProxy({
    args: ["--upstream-url", upstream.url],
    through: ["prlimit", "--nofile=128:128"],
  });
  // One client that was there before, with a connection to the upstream that is kept for it.
  const early = await RawClient.connect(proxy.port);
  const ask = async () => {
    early.text = "";
    early.write(rawPost());
    const { final } = await early.settled();
    return { status: final?.status, body: final?.body };
  };
  for (let i = 0; i < 2; i++) assert.deepEqual(await ask(), good);

  const crowd = await Promise.all(Array.from({ length: 300 }, () => RawClient.connect(proxy.port)));
  await sleep(200);
  const taken = openDescriptors(proxy.pid);
  assert.ok(taken === undefined || taken > 120, `${taken} descriptors are used`);

  const from = cpuTimeMs(proxy.pid);
  await sleep(1000);
  const usedMs = cpuTimeMs(proxy.pid) - from;
  assert.ok(usedMs < 400, `it used ${usedMs} ms of processor time in a second of waiting`);

  for (let i = 0; i < 10; i++) assert.deepEqual(await ask(), good, "who is connected is served");

  // Those who got in ask for what there is no descriptor for: an answer or an end, not silence.
  const inside = crowd.filter(({ ending }) => ending === "open").slice(0, 20);
  for (const client of inside) client.write(rawPost());
  for (const client of inside) {
    const { final } = await client.settled();
    assert.ok(
      client.ending !== "open" || final?.status === 200 || final?.status === 502,
      `${client.ending} ${client.text}`,
    );
  }
  assert.deepEqual(await ask(), good);

  for (const client of crowd) client.leave();
  const isServed = async () => (await askGood(proxy.port).catch(() => undefined))?.status === 200;
  let recovered = false;
  for (let i = 0; i < 50 && !recovered; i++) {
    recovered = await isServed();
    if (!recovered) await sleep(50);
  }
  assert.ok(recovered, "new clients are served again");
  for (let i = 0; i < 3; i++) {
    // A second and a third time: what it holds in reserve has come back as well.
    const again = await Promise.all(Array.from({ length: 300 }, () => RawClient.connect(proxy.port)));
    await sleep(200);
    const start = cpuTimeMs(proxy.pid);
    await sleep(300);
    assert.ok(cpuTimeMs(proxy.pid) - start < 200, "it does not spin");
    for (const client of again) client.leave();
    assert.ok(await comesTrue(() => (openDescriptors(proxy.pid) ?? 0) < 100));
    assert.ok(await isServed());
  }
  assert.deepEqual(await ask(), good);
  early.leave();
  proxy.kill("SIGTERM");
  assert.deepEqual(await proxy.ended, { code: 0, signal: null });
  upstream.close();
});
