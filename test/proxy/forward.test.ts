// What passes through the proxy, and what its two ends see when the other one misbehaves.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import http, { type IncomingMessage } from "node:http";
import net from "node:net";
import { after, before, beforeEach, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { gunzipSync } from "node:zlib";
import { type MockUpstream, type Mode, startMockUpstream } from "../mock/upstream.ts";
import { launcher, quietUser, type RunningProxy, startProxy, testKey } from "../proxy-process.ts";
import { isWhole, rawPost, sendRaw } from "../raw-http.ts";

let upstream: MockUpstream;
let proxy: RunningProxy;

before(async () => {
  upstream = await startMockUpstream({ expectedKey: testKey });
  proxy = await startProxy({ args: ["--upstream-url", upstream.url] });
});

after(async () => {
  await proxy.stop();
  await upstream.close();
});

beforeEach(() => {
  upstream.mode = "plain";
  upstream.eventCount = 20;
  upstream.eventGapMs = 50;
});

interface Reply {
  readonly status: number;
  readonly headers: http.IncomingHttpHeaders;
  readonly body: Buffer;
}

const agent = new http.Agent({ keepAlive: true });

function post(body: string | Buffer, headers: http.OutgoingHttpHeaders = {}): http.ClientRequest {
  const request = http.request(`${proxy.baseUrl}/v1/responses`, {
    method: "POST",
    agent,
    headers: { "content-type": "application/json", ...headers },
  });
  request.end(body);
  return request;
}

async function reply(request: http.ClientRequest): Promise<Reply> {
  const [response] = (await once(request, "response")) as [IncomingMessage];
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk as Buffer);
  return { status: response.statusCode as number, headers: response.headers, body: Buffer.concat(chunks) };
}

function lastRequest() {
  return upstream.requests[upstream.requests.length - 1] as (typeof upstream.requests)[number];
}

async function waitFor(condition: () => boolean, what: string, timeoutMs = 3000): Promise<void> {
  const deadline = Date.now() + timeoutMs;
  while (!condition()) {
    if (Date.now() > deadline) assert.fail(`timed out waiting for ${what}`);
    await sleep(10);
  }
}

test("a request reaches the upstream as it was, with the key added and the client's hop left out", async () => {
  const body = '{"input":"hi"}';
  const answer = await sendRaw(
    proxy.port,
    rawPost({
      body,
      headers: [
        "Authorization: Bearer client-junk",
        "X-First: 1",
        "x-twice: a",
        "Cookie: c=1",
        "x-TWICE: b",
        "Connection: keep-alive, X-Hop",
        "X-Hop: 1",
        "TE: trailers",
        "Proxy-Authorization: Basic eA==",
        "Proxy-Connection: keep-alive",
        "X-Forwarded-For: 1.2.3.4",
        "X-Forwarded-Proto: https",
        "Forwarded: for=1.2.3.4",
        "Keep-Alive: timeout=5",
        "Accept: text/event-stream",
      ],
    }),
    { until: isWhole },
  );
  assert.equal(answer.status, 200);
  const { method, url, rawHeaders, body: sent } = lastRequest();
  assert.deepEqual(
    { method, url, rawHeaders, sent },
    {
      method: "POST",
      url: "/v1/responses",
      rawHeaders: [
        ...[
          "host",
          `127.0.0.1:${upstream.port}`,
          "connection",
          "keep-alive",
          "authorization",
          `Bearer ${testKey}`,
        ],
        ...["Content-Type", "application/json", "X-First", "1", "x-twice", "a", "x-TWICE", "b"],
        ...["Accept", "text/event-stream", "content-length", String(body.length)],
      ],
      sent: body,
    },
  );
});

test("an answer reaches the client with its status, reason, order and duplicates, less the upstream's hop", async () => {
  upstream.mode = "manyHeaders";
  const answer = await sendRaw(proxy.port, rawPost(), { until: isWhole });
  const [head] = answer.text.split("\r\n\r\n") as [string];
  const lines = head.split("\r\n").filter((line) => !/^(date|connection|keep-alive):/i.test(line));
  assert.deepEqual(lines, [
    "HTTP/1.1 200 Fine",
    "Content-Type: application/json",
    "X-Request-Id: req_1",
    "X-Twice: a",
    "X-Twice: b",
    "Retry-After: 7",
    "Content-Length: 2",
  ]);
  assert.doesNotMatch(head, /timeout=9/);
});

test("twenty small events 50 ms apart arrive one by one, not in a heap", async () => {
  upstream.mode = "stream";
  const request = post('{"stream":true}');
  const [response] = (await once(request, "response")) as [IncomingMessage];
  const arrivals: number[] = [];
  let text = "";
  response.on("data", (chunk: Buffer) => {
    text += chunk;
    if (chunk.includes("response.output_text.delta")) arrivals.push(performance.now());
  });
  await once(response, "end");
  assert.equal(text.match(/event: response\.output_text\.delta/g)?.length, 20);
  // A buffer anywhere would join neighbours; a busy machine joins a few at most.
  assert.ok(arrivals.length >= 15, `${arrivals.length} separate arrivals`);
  const span = (arrivals.at(-1) as number) - (arrivals[0] as number);
  assert.ok(span > 500, `first to last took ${span} ms`);
});

test("status and headers arrive before the first byte of the body exists", async () => {
  upstream.mode = "silenceAfterHeaders";
  const request = post("{}");
  const [response] = (await once(request, "response")) as [IncomingMessage];
  assert.equal(response.statusCode, 200);
  request.destroy();
});

describe("errors of the upstream pass unchanged", () => {
  const expected: [Mode, number, string][] = [
    ["badRequest", 400, "the mock finds fault with the request"],
    ["rateLimit", 429, "slow down"],
    ["serverError", 500, "the mock has a bad day"],
  ];
  for (const [mode, status, message] of expected) {
    test(`${status}`, async () => {
      upstream.mode = mode;
      const answer = await reply(post("{}"));
      assert.deepEqual(
        { status: answer.status, message: JSON.parse(answer.body.toString()).error.message },
        { status, message },
      );
      if (status === 429) assert.equal(answer.headers["retry-after"], "1");
    });
  }
});

test("an answer before the end of the request body passes", async () => {
  upstream.mode = "earlyError";
  const request = http.request(`${proxy.baseUrl}/v1/responses`, {
    method: "POST",
    headers: { "content-type": "application/json", "transfer-encoding": "chunked" },
  });
  request.on("error", () => {});
  request.write("x".repeat(1000));
  const answer = await reply(request);
  assert.equal(answer.status, 401);
  request.destroy();
});

test("a redirect is passed on and not followed", async () => {
  upstream.mode = "redirect";
  const before = upstream.requests.length;
  const answer = await reply(post("{}"));
  assert.deepEqual(
    { status: answer.status, location: answer.headers.location, requests: upstream.requests.length - before },
    { status: 307, location: "/elsewhere", requests: 1 },
  );
});

test("a compressed answer passes unexpanded", async () => {
  upstream.mode = "gzip";
  const answer = await reply(post("{}", { "accept-encoding": "gzip" }));
  assert.equal(answer.headers["content-encoding"], "gzip");
  assert.match(gunzipSync(answer.body).toString(), /compressed/);
  assert.equal(lastRequest().headers["accept-encoding"], "gzip");
});

test("a reason that cannot be passed is replaced, and header bytes above 0x7f stay what they are", async () => {
  upstream.mode = "oddHead";
  const answer = await sendRaw(proxy.port, rawPost(), { until: isWhole });
  assert.match(answer.text, /^HTTP\/1\.1 429 Too Many Requests\r\n/);
  assert.match(answer.text, /\r\nX-Name: Zo\xeb\r\n/);
});

test("an answer with a transfer coding below chunked is a 502", async () => {
  upstream.mode = "foreignCoding";
  const answer = await reply(post("{}"));
  assert.equal(answer.status, 502);
  assert.match(answer.body.toString(), /transfer coding other than chunked/);
});

test("an upload that goes on after the answer is cut after a while", async () => {
  upstream.mode = "earlyAnswer";
  const socket = net.connect(proxy.port, "127.0.0.1");
  socket.on("error", () => {});
  socket.write(
    "POST /v1/responses HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n",
  );
  const feed = setInterval(() => socket.write("4\r\nxxxx\r\n"), 20);
  const [first] = await once(socket, "data");
  assert.match(String(first), /^HTTP\/1\.1 200 /);
  const began = Date.now();
  await new Promise((resolve) => socket.once("close", resolve));
  clearInterval(feed);
  assert.ok(Date.now() - began < 15_000);
});

test("an answer without content passes", async () => {
  upstream.mode = "noContent";
  assert.equal((await reply(post("{}"))).status, 204);
});

test("a request without a body is forwarded without one", async () => {
  const answer = await sendRaw(
    proxy.port,
    "POST /v1/responses HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n\r\n",
    { until: isWhole },
  );
  assert.equal(answer.status, 200);
  assert.equal(lastRequest().bodyBytes, 0);
});

test("a chunked request body arrives whole", async () => {
  const request = http.request(`${proxy.baseUrl}/v1/responses`, {
    method: "POST",
    headers: { "content-type": "application/json", "transfer-encoding": "chunked" },
  });
  request.write('{"a":');
  await sleep(20);
  request.end("1}");
  assert.equal((await reply(request)).status, 200);
  assert.equal(lastRequest().body, '{"a":1}');
  // With a length where all of it had come before the first byte went out, and in chunks else.
  const { "transfer-encoding": coding, "content-length": length } = lastRequest().headers;
  assert.ok((coding === "chunked") !== (length === "7"), `${coding} and ${length}`);
});

test("Expect: 100-continue is answered here and not sent on", async () => {
  const request = http.request(`${proxy.baseUrl}/v1/responses`, {
    method: "POST",
    headers: { "content-type": "application/json", "content-length": 2, expect: "100-continue" },
  });
  request.flushHeaders();
  await once(request, "continue");
  request.end("{}");
  assert.equal((await reply(request)).status, 200);
  assert.equal(lastRequest().headers.expect, undefined);
});

test("a 200 MiB body passes whole and the proxy's memory stays bounded", async () => {
  const chunk = randomBytes(1024 * 1024);
  const hash = createHash("sha256");
  const request = http.request(`${proxy.baseUrl}/v1/responses`, {
    method: "POST",
    headers: { "content-type": "application/json", "content-length": 200 * chunk.length },
  });
  const answered = reply(request);
  const before = residentBytes();
  let peak = before;
  for (let i = 0; i < 200; i++) {
    hash.update(chunk);
    if (!request.write(chunk)) await once(request, "drain");
    peak = Math.max(peak, residentBytes());
  }
  request.end();
  assert.equal((await answered).status, 200);
  assert.deepEqual(
    { bytes: lastRequest().bodyBytes, digest: lastRequest().bodyDigest },
    { bytes: 200 * chunk.length, digest: hash.digest("hex") },
  );
  const grownMiB = (peak - before) / 1024 / 1024;
  assert.ok(grownMiB < 100, `grew by ${grownMiB.toFixed(0)} MiB`);
});

function residentBytes(): number {
  const status = readFileSync(`/proc/${proxy.pid}/status`, "utf8");
  return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) * 1024;
}

test("a body that the upstream does not read stops the client instead of filling memory", async () => {
  upstream.mode = "neverReads";
  const before = residentBytes();
  const socket = net.connect(proxy.port, "127.0.0.1");
  await once(socket, "connect");
  socket.write(
    `POST /v1/responses HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: ${2 ** 28}\r\n\r\n`,
  );
  const chunk = Buffer.alloc(1024 * 1024);
  let accepted = 0;
  const feed = () => {
    while (socket.write(chunk)) accepted += chunk.length;
  };
  socket.on("drain", feed);
  feed();
  await sleep(700);
  socket.destroy();
  const grownMiB = (residentBytes() - before) / 1024 / 1024;
  assert.ok(grownMiB < 60, `grew by ${grownMiB.toFixed(0)} MiB`);
  assert.ok(accepted < 100 * 1024 * 1024, `took ${accepted} bytes`);
});

test("a client that does not read stops the upstream instead of filling memory", async () => {
  upstream.mode = "large";
  upstream.eventCount = 4096; // 256 MiB
  const before = residentBytes();
  const request = post("{}");
  const [response] = (await once(request, "response")) as [IncomingMessage];
  response.pause();
  await sleep(700);
  const grownMiB = (residentBytes() - before) / 1024 / 1024;
  request.destroy();
  assert.ok(grownMiB < 60, `grew by ${grownMiB.toFixed(0)} MiB`);
});

test("streams do not wait for one another: fifty at once take as long as one", async () => {
  upstream.mode = "stream";
  upstream.eventCount = 4;
  upstream.eventGapMs = 100;
  const wide = new http.Agent({ maxSockets: 100 });
  const firsts = await Promise.all(
    Array.from({ length: 50 }, async () => {
      const request = http.request(`${proxy.baseUrl}/v1/responses`, {
        method: "POST",
        agent: wide,
        headers: { "content-type": "application/json" },
      });
      request.end('{"stream":true}');
      return reply(request);
    }),
  );
  assert.deepEqual(
    firsts.map((answer) => answer.status),
    Array(50).fill(200),
  );
});

describe("a client that leaves ends the upstream request at once", () => {
  for (const mode of ["silence", "silenceAfterHeaders", "stream"] as const) {
    test(`while the upstream is in mode ${mode}`, async () => {
      upstream.mode = mode;
      const count = upstream.requests.length;
      const request = post('{"stream":true}');
      request.on("error", () => {});
      await waitFor(() => upstream.requests.length > count, "the request to arrive");
      const record = lastRequest();
      await sleep(100);
      assert.equal(record.wasAborted, false);
      request.destroy();
      await waitFor(() => record.wasAborted, "the upstream to see the end", 1000);
    });
  }

  test("in the middle of its request body", async () => {
    upstream.mode = "plain";
    const count = upstream.requests.length;
    const socket = net.connect(proxy.port, "127.0.0.1");
    socket.write(
      "POST /v1/responses HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 100000\r\n\r\n{",
    );
    await waitFor(() => upstream.requests.length > count, "the request to arrive");
    const record = lastRequest();
    const logged = proxy.output.stderr;
    socket.destroy();
    await waitFor(() => record.wasAborted, "the upstream to see the end", 1000);
    assert.equal(proxy.output.stderr, logged, "a client that leaves is no failure of the upstream");
  });
});

test("a small body that never becomes whole does not reach the upstream at all", async () => {
  upstream.mode = "plain";
  const count = upstream.requests.length;
  const socket = net.connect(proxy.port, "127.0.0.1");
  socket.write(rawPost({ body: "{}" }).slice(0, -1));
  await sleep(200);
  socket.destroy();
  const { text } = await sendRaw(proxy.port, rawPost(), { until: isWhole, timeoutMs: 5000 });
  assert.match(text, /^HTTP\/1\.1 200 /);
  assert.equal(upstream.requests.length, count + 1);
});

describe("requests sent ahead on one connection", () => {
  test("are forwarded one after the other", async () => {
    upstream.mode = "stream";
    upstream.eventCount = 3;
    const before = upstream.requests.length;
    const answer = sendRaw(proxy.port, rawPost({ body: '{"stream":true}' }).repeat(3), {
      timeoutMs: 5000,
      until: (text) => (text.match(/response\.completed/g)?.length ?? 0) >= 6,
    });
    await sleep(100);
    assert.equal(upstream.requests.length - before, 1);
    assert.equal((await answer).text.match(/HTTP\/1\.1 200/g)?.length, 3);
    assert.equal(upstream.requests.length - before, 3);
  });

  test("are not forwarded when the client leaves during the first", async () => {
    upstream.mode = "silenceAfterHeaders";
    const before = upstream.requests.length;
    const socket = net.connect(proxy.port, "127.0.0.1");
    socket.write(rawPost().repeat(5));
    await once(socket, "data");
    socket.destroy();
    await waitFor(() => upstream.requests[before]?.wasAborted === true, "the first to be ended", 1000);
    await sleep(200);
    assert.equal(upstream.requests.length - before, 1);
  });

  test("cannot write an error into an answer that is under way", async () => {
    upstream.mode = "stream";
    upstream.eventCount = 20;
    for (const garbage of ["GARBAGE\r\n\r\n", "CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n"]) {
      const socket = net.connect(proxy.port, "127.0.0.1");
      let text = "";
      socket.on("data", (chunk) => {
        text += chunk;
        if (text.includes("output_text.delta") && socket.writable) socket.end(garbage);
      });
      socket.on("error", () => {});
      socket.write(rawPost({ body: '{"stream":true}' }));
      await new Promise((resolve) => socket.once("close", resolve));
      assert.equal(text.match(/HTTP\/1\.1 /g)?.length, 1, text.slice(-300));
      assert.ok(!isWhole(text));
    }
  });

  test("refused by the dozen, leave no warning on stderr", async () => {
    const socket = net.connect(proxy.port, "127.0.0.1");
    for (let i = 0; i < 30; i++) {
      socket.write("POST /v1/models HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\n");
      const answered = once(socket, "data");
      await sleep(2);
      socket.write("{}");
      assert.match(String(await answered), /^HTTP\/1\.1 403 /);
    }
    socket.destroy();
    assert.doesNotMatch(proxy.output.stderr, /Warning/);
  });
});

describe("a broken answer never looks whole", () => {
  const broken: Mode[] = ["resetMidStream", "closeMidStream", "truncated", "resetInsteadOfEnd"];
  for (const mode of broken) {
    for (const version of ["1.1", "1.0"]) {
      test(`${mode}, to an HTTP/${version} client that keeps its connection`, async () => {
        upstream.mode = mode;
        const answer = await sendRaw(
          proxy.port,
          rawPost({ line: `POST /v1/responses HTTP/${version}`, headers: ["Connection: keep-alive"] }),
        );
        assert.notEqual(answer.end, "open", "the connection must end");
        if (version === "1.0") assert.equal(answer.end, "reset");
        assert.ok(!isWhole(answer.text), answer.text);
      });
    }
  }

  test("but one that ends with its connection, as it should, is whole", async () => {
    upstream.mode = "endsWithConnection";
    const answer = await reply(post("{}"));
    assert.equal(answer.body.toString(), '{"whole":true}');
  });
});

describe("an upstream that gives no answer is told with its cause", () => {
  test("reset before the answer: 502", async () => {
    upstream.mode = "resetBeforeHeaders";
    const answer = await reply(post("{}"));
    assert.equal(answer.status, 502);
    assert.deepEqual(JSON.parse(answer.body.toString()), {
      error: {
        message: "the upstream could not be reached or broke off: connection reset (UPSTREAM_RESET)",
        type: "upstream_error",
        code: "PXY_ERR_UPSTREAM",
      },
    });
    await waitFor(
      () => /request failed while waiting for the answer: .*UPSTREAM_RESET/.test(proxy.output.stderr),
      "the log",
    );
  });

  test("nothing listens there: 502", async () => {
    const other = await startProxy({ args: ["--upstream-url", "http://127.0.0.1:9/v1/responses"] });
    const answer = await sendRaw(other.port, rawPost(), { until: isWhole });
    assert.equal(answer.status, 502);
    assert.match(answer.text, /connection refused \(ECONNREFUSED\)/);
    await other.stop();
  });

  test("the name does not exist: 502", async () => {
    const other = await startProxy({
      args: ["--upstream-url", "https://does-not-exist.invalid/v1/responses"],
    });
    const answer = await sendRaw(other.port, rawPost(), { until: isWhole, timeoutMs: 15_000 });
    assert.equal(answer.status, 502);
    assert.match(answer.text, /host name (not found|cannot be resolved)/);
    await other.stop();
  });
});

test("nobody ever saw the placeholder or the key in what the proxy wrote", () => {
  assert.ok(!proxy.output.stderr.includes(testKey));
  assert.equal(proxy.output.stdout, "");
  for (const record of upstream.requests) {
    assert.equal(record.headers.authorization, `Bearer ${testKey}`);
  }
});

test("nobody reads its stderr: it goes on serving", async () => {
  // A real pipe (Node's own are sockets), of which the first lines are read and then no more.
  const script = '"$@" 2>&1 | { grep -m 1 listening >&2; exec sleep 60; }';
  const args = [
    "-c",
    script,
    "sh",
    launcher,
    ...quietUser,
    "--upstream-url",
    "http://127.0.0.1:9/v1/responses",
  ];
  const child = spawn("sh", args, { stdio: ["pipe", "ignore", "pipe"], detached: true });
  child.stdin.end(`${testKey}\n`);
  const port = await new Promise<number>((resolve) => {
    child.stderr.once("data", (chunk) => resolve(Number(/:(\d+)\n/.exec(String(chunk))?.[1])));
  });
  // Each failure is a line of some 140 bytes; a pipe holds 64 KiB.
  const burst = 2000;
  const answer = await sendRaw(port, rawPost().repeat(burst), {
    timeoutMs: 30_000,
    until: (text) => (text.match(/HTTP\/1\.1 502/g)?.length ?? 0) === burst,
  });
  process.kill(-(child.pid as number), "SIGKILL");
  assert.equal(answer.text.match(/HTTP\/1\.1 502/g)?.length, burst);
});
