// Restarts of a socket-activated proxy under load: every connection is served and every request answered
// whole, by the one or by the next. Restarted on a socket of its own, it loses some.

import assert from "node:assert/strict";
import fs from "node:fs";
import http from "node:http";
import net from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, afterEach, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { type MockUpstream, startMockUpstream } from "../mock/upstream.ts";
import { quietUser } from "../proxy-process.ts";
import { RawClient } from "../raw-client.ts";
import { isWhole, rawPost, sendRaw } from "../raw-http.ts";
import { waitFor } from "../wait-for.ts";
import { onLoopback, onPath, PlayedSystemd, type Service } from "./played-systemd.ts";

let upstream: MockUpstream;
let folder: string;
let path: string;
let systemd: PlayedSystemd;
before(async () => {
  upstream = await startMockUpstream();
  folder = fs.mkdtempSync(join(tmpdir(), "codex-restart-"));
  fs.chmodSync(folder, 0o755);
  path = join(folder, "proxy.sock");
  systemd = await PlayedSystemd.hold(onLoopback(), onPath(path));
});
afterEach(() => systemd.endAll());
after(async () => {
  await systemd.close();
  await upstream.close();
  fs.rmSync(folder, { recursive: true });
});

const start = () => systemd.start({ args: ["--upstream-url", upstream.url, ...quietUser] });

async function served(): Promise<Service> {
  const service = start();
  await service.served();
  return service;
}

/** Asks again and again until told to stop, and keeps what went wrong. */
class SteadyClient {
  answered = 0;
  readonly failures: string[] = [];
  readonly ended: Promise<void>;
  #isOver = false;

  constructor(where: http.RequestOptions, isKeptAlive: boolean, pauseMs = 0) {
    const agent = new http.Agent({ keepAlive: isKeptAlive, maxSockets: 1 });
    this.ended = this.#run({ ...where, agent }, pauseMs).finally(() => agent.destroy());
  }

  async stop(): Promise<void> {
    this.#isOver = true;
    await this.ended;
  }

  async #run(where: http.RequestOptions, pauseMs: number): Promise<void> {
    while (!this.#isOver) {
      try {
        await ask(where);
        this.answered++;
      } catch (error) {
        this.failures.push(String((error as { code?: string }).code ?? error));
        await sleep(10);
      }
      await sleep(pauseMs);
    }
  }
}

function ask(where: http.RequestOptions): Promise<void> {
  const headers = { "content-type": "application/json" };
  const options = { ...where, host: "127.0.0.1", path: "/v1/responses", method: "POST", headers };
  return new Promise((resolve, reject) => {
    const request = http.request(options, (response) => {
      let text = "";
      response.on("data", (chunk) => {
        text += chunk;
      });
      response.once("error", reject);
      response.once("close", () => {
        const isWhole =
          response.complete && response.statusCode === 200 && text.includes("response.completed");
        if (isWhole) resolve();
        else reject(new Error(`status ${response.statusCode}, ${text.length} bytes`));
      });
    });
    request.once("error", reject);
    request.end('{"stream":true}');
  });
}

test("five restarts lose nothing: new and kept connections, TCP and unix, short and long answers", async () => {
  upstream.mode = "stream";
  upstream.eventCount = 5;
  upstream.eventGapMs = 5;
  const tcp = { port: systemd.ports[0] as number };
  const unix = { socketPath: path };
  let service = await served();
  const clients = [tcp, unix].flatMap((where) => [
    ...Array.from({ length: 4 }, () => new SteadyClient(where, false)),
    ...Array.from({ length: 4 }, () => new SteadyClient(where, true)),
    new SteadyClient(where, true, 70),
    new SteadyClient(where, true, 350),
  ]);
  const perRun: number[] = [];
  const answered = () => clients.reduce((sum, each) => sum + each.answered, 0);
  for (let i = 0; i < 5; i++) {
    const before = answered();
    await waitFor(() => answered() > before + 100, "requests to be answered", 60_000);
    upstream.eventGapMs = i % 2 === 0 ? 100 : 5;
    await sleep(100);
    service.kill("SIGTERM");
    assert.deepEqual(await service.ended(), { code: 0, signal: null });
    assert.doesNotMatch(service.stderr, /cut off/);
    perRun.push(answered() - before);
    service = await served();
  }
  const before = answered();
  await waitFor(() => answered() > before + 100, "requests to be answered", 60_000);
  await Promise.all(clients.map((client) => client.stop()));
  assert.deepEqual(
    clients.flatMap(({ failures }) => failures),
    [],
  );
  service.kill("SIGTERM");
  await service.ended();
});

test("on a socket of its own the same load sees failures, so that the test above can fail", async () => {
  upstream.mode = "stream";
  upstream.eventCount = 2;
  upstream.eventGapMs = 5;
  const only = await PlayedSystemd.hold(onLoopback());
  const port = only.ports[0] as number;
  await only.close();
  const own = await PlayedSystemd.hold();
  const args = ["--upstream-url", upstream.url, ...quietUser, "--port", String(port)];
  const first = own.start({ args });
  await first.served();
  const client = new SteadyClient({ port }, false);
  await waitFor(() => client.answered > 10, "requests to be answered", 60_000);
  first.kill("SIGTERM");
  await first.ended();
  await waitFor(() => client.failures.length > 0, "a failure");
  await client.stop();
  await own.close();
});

test("a connection that nobody has taken waits for the next one", async () => {
  upstream.mode = "stream";
  const first = await served();
  first.kill("SIGTERM");
  await first.ended();
  const waiting = sendRaw(systemd.ports[0] as number, rawPost(), { until: isWhole, timeoutMs: 60_000 });
  const onUnix = ask({ socketPath: path });
  const second = await served();
  assert.equal((await waiting).status, 200);
  await onUnix;
  second.kill("SIGTERM");
  await second.ended();
});

test("a request on a connection that was accepted before is served, and told that it is the last", async () => {
  upstream.mode = "plain";
  const service = await served();
  const port = systemd.ports[0] as number;
  const [fresh, kept] = [await RawClient.connect(port), await RawClient.connect(port)];
  kept.write(rawPost());
  await kept.settled();
  assert.doesNotMatch(kept.text, /connection: close/i);
  kept.text = "";
  service.kill("SIGTERM");
  await sleep(200);
  assert.deepEqual([fresh.ending, kept.ending], ["open", "open"]);
  for (const client of [fresh, kept]) {
    client.write(rawPost());
    await client.settled();
    assert.match(client.text, /^HTTP\/1.1 200 [\s\S]*\r\nconnection: close\r\n/i);
    assert.ok(await client.until(() => client.ending === "closed"));
  }
  assert.deepEqual(await service.ended(), { code: 0, signal: null });
});

test("a stream that was open when it began is followed by one more request, where its client sends one", async () => {
  upstream.mode = "stream";
  upstream.eventCount = 5;
  upstream.eventGapMs = 100;
  const service = await served();
  const client = await RawClient.connect(systemd.ports[0] as number);
  client.write(rawPost({ body: '{"stream":true}' }));
  await client.has("response.created");
  service.kill("SIGTERM");
  await client.has("\r\n0\r\n\r\n");
  client.text = "";
  client.write(rawPost({ body: '{"stream":true}' }));
  assert.ok(await client.has("\r\n0\r\n\r\n"));
  assert.match(client.text, /\r\nconnection: close\r\n/i);
  assert.deepEqual(await service.ended(), { code: 0, signal: null });
});

test("one that asks for nothing does not hold it up, and is closed in order", async () => {
  const service = await served();
  const client = net.connect(systemd.ports[0] as number, "127.0.0.1");
  let end = "";
  client.on("error", () => {
    end ||= "reset";
  });
  client.on("end", () => {
    end ||= "closed";
  });
  client.resume();
  await sleep(100);
  service.kill("SIGTERM");
  assert.deepEqual(await service.ended(), { code: 0, signal: null });
  await waitFor(() => end !== "", "the client to see it", 60_000);
  assert.equal(end, "closed");
});
