// Which requests get through: over the wire to the real program, and by the gate alone where a
// client cannot send what is meant.

import assert from "node:assert/strict";
import http from "node:http";
import { after, before, describe, test } from "node:test";
import { type AnswerCode, ProxyError } from "../../proxy/errors.ts";
import { admit, type GatePolicy, type RawRequest } from "../../proxy/gate.ts";
import { type MockUpstream, startMockUpstream } from "../mock/upstream.ts";
import { type RunningProxy, startProxy } from "../proxy-process.ts";
import { isWhole, rawPost, sendRaw } from "../raw-http.ts";

let upstream: MockUpstream;
let proxy: RunningProxy;

before(async () => {
  upstream = await startMockUpstream();
  proxy = await startProxy({
    args: ["--upstream-url", upstream.url, "--max-body-bytes", "1000", "--allow-host", "Gateway.Example"],
  });
});

after(async () => {
  await proxy.stop();
  await upstream.close();
});

interface Case {
  readonly name: string;
  readonly bytes: string;
  readonly status: number;
  readonly code: AnswerCode;
}

const refused: readonly Case[] = [
  ...["GET", "HEAD", "OPTIONS", "PUT", "DELETE", "PATCH", "TRACE", "PROPFIND", "M-SEARCH"].map(
    (method): Case => ({
      name: `${method} /v1/responses`,
      bytes: rawPost({ line: `${method} /v1/responses HTTP/1.1` }),
      status: 403,
      code: "PXY_ERR_METHOD",
    }),
  ),
  ...[
    "/v1/responses?x=1",
    "/v1/responses?",
    "/v1/responses/",
    "//v1/responses",
    "/v1/%72esponses",
    "/v1/../v1/responses",
    "/V1/responses",
    "/v1/responses/compact",
    "/v1/responses;a",
    "/v1/models",
    "/",
    "/%zz",
    "*",
    "http://127.0.0.1/v1/responses",
    "http://evil.example/v1/responses",
  ].map(
    (target): Case => ({
      name: `request-target ${target}`,
      bytes: rawPost({ line: `POST ${target} HTTP/1.1` }),
      status: 403,
      code: "PXY_ERR_TARGET",
    }),
  ),
  ...[
    "evil.example",
    "127.0.0.1.evil.example",
    "localhost.evil.example",
    "user@127.0.0.1",
    "127.0.0.1/",
    "127.0.0.1:80:80",
    "128.0.0.1",
    "[::2]",
    "",
    "127.0.0.1, evil.example",
    "0.0.0.0",
    "2130706433",
  ].map(
    (host): Case => ({ name: `Host: ${host}`, bytes: rawPost({ host }), status: 403, code: "PXY_ERR_HOST" }),
  ),
  {
    name: "two Host headers",
    bytes: rawPost({ headers: ["Host: evil.example"] }),
    status: 400,
    code: "PXY_ERR_BAD_REQUEST",
  },
  {
    name: "HTTP/1.0 without Host",
    bytes: rawPost({ line: "POST /v1/responses HTTP/1.0", host: null }),
    status: 400,
    code: "PXY_ERR_BAD_REQUEST",
  },
  ...["Origin: http://evil.example", "Origin: null", "Origin: http://127.0.0.1", "Origin:"].map(
    (header): Case => ({
      name: header,
      bytes: rawPost({ headers: [header] }),
      status: 403,
      code: "PXY_ERR_ORIGIN",
    }),
  ),
  ...["cross-site", "same-origin", "none"].map(
    (site): Case => ({
      name: `Sec-Fetch-Site: ${site}`,
      bytes: rawPost({ headers: [`Sec-Fetch-Site: ${site}`] }),
      status: 403,
      code: "PXY_ERR_ORIGIN",
    }),
  ),
  ...[
    "text/plain",
    "application/x-www-form-urlencoded",
    "multipart/form-data; boundary=x",
    "application/jsonx",
    "json",
    "",
  ].map(
    (contentType): Case => ({
      name: `Content-Type: ${contentType}`,
      bytes: rawPost({ contentType }),
      status: 403,
      code: "PXY_ERR_CONTENT_TYPE",
    }),
  ),
  {
    name: "no Content-Type",
    bytes: rawPost({ contentType: null }),
    status: 403,
    code: "PXY_ERR_CONTENT_TYPE",
  },
  {
    name: "two Content-Types",
    bytes: rawPost({ headers: ["Content-Type: text/plain"] }),
    status: 403,
    code: "PXY_ERR_CONTENT_TYPE",
  },
  {
    name: "a declared body over the limit",
    bytes: rawPost({ body: "x".repeat(1001) }),
    status: 413,
    code: "PXY_ERR_BODY_TOO_LARGE",
  },
  {
    name: "an expectation other than 100-continue",
    bytes: rawPost({ headers: ["Expect: 200-ok"] }),
    status: 417,
    code: "PXY_ERR_EXPECTATION",
  },
  {
    name: "GET /shutdown where it is not enabled",
    bytes: "GET /shutdown HTTP/1.1\r\nHost: localhost\r\n\r\n",
    status: 403,
    code: "PXY_ERR_SHUTDOWN_OFF",
  },
  {
    name: "CONNECT",
    bytes: "CONNECT example.com:443 HTTP/1.1\r\nHost: example.com:443\r\n\r\n",
    status: 403,
    code: "PXY_ERR_METHOD",
  },
  { name: "garbage", bytes: "hello\r\n\r\n", status: 400, code: "PXY_ERR_BAD_REQUEST" },
  {
    name: "a lower-case method",
    bytes: rawPost({ line: "post /v1/responses HTTP/1.1" }),
    status: 400,
    code: "PXY_ERR_BAD_REQUEST",
  },
  {
    name: "HTTP/2.0 as the version",
    bytes: rawPost({ line: "POST /v1/responses HTTP/2.0" }),
    status: 400,
    code: "PXY_ERR_BAD_REQUEST",
  },
  {
    name: "a transfer coding below chunked",
    bytes:
      "POST /v1/responses HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n" +
      "Transfer-Encoding: gzip, chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
    status: 501,
    code: "PXY_ERR_TRANSFER_CODING",
  },
  {
    name: "an Origin behind a thousand other headers",
    bytes: rawPost({ headers: [...Array(1100).fill("a: 1"), "Origin: http://evil.example"] }),
    status: 403,
    code: "PXY_ERR_ORIGIN",
  },
  {
    name: "the HTTP/2 preface",
    bytes: "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    status: 400,
    code: "PXY_ERR_BAD_REQUEST",
  },
  {
    name: "two Content-Lengths",
    bytes: rawPost({ headers: ["Content-Length: 7"] }),
    status: 400,
    code: "PXY_ERR_BAD_REQUEST",
  },
  {
    name: "Content-Length with Transfer-Encoding",
    bytes: rawPost({ headers: ["Transfer-Encoding: chunked"] }),
    status: 400,
    code: "PXY_ERR_BAD_REQUEST",
  },
  {
    name: "HTTP/1.1 without Host",
    bytes: rawPost({ host: null }),
    status: 400,
    code: "PXY_ERR_BAD_REQUEST",
  },
  {
    name: "headers over 64 KiB",
    bytes: rawPost({ headers: [`X-Large: ${"x".repeat(70_000)}`] }),
    status: 431,
    code: "PXY_ERR_HEADERS_TOO_LARGE",
  },
];

describe("refused with a reason in JSON, and never sent on:", () => {
  for (const { name, bytes, status, code } of refused) {
    test(name, async () => {
      const before = upstream.requests.length;
      const answer = await sendRaw(proxy.port, bytes, {
        until: (text) => isWhole(text) || (bytes.startsWith("HEAD") && text.includes("\r\n\r\n")),
      });
      assert.equal(answer.status, status, answer.text);
      if (!bytes.startsWith("HEAD")) {
        const { error } = JSON.parse(answer.text.slice(answer.text.indexOf("\r\n\r\n")));
        assert.deepEqual(Object.keys(error), ["message", "type", "code"]);
        assert.equal(error.code, code);
        assert.ok(error.message.length > 10);
      }
      assert.equal(upstream.requests.length, before);
    });
  }
});

test("a chunked body over the limit is stopped with 413", async () => {
  const answer = await sendRaw(
    proxy.port,
    "POST /v1/responses HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n" +
      `Transfer-Encoding: chunked\r\n\r\n3e9\r\n${"x".repeat(1001)}\r\n0\r\n\r\n`,
    { until: isWhole },
  );
  assert.equal(answer.status, 413);
  assert.match(answer.text, /the limit is 1000 bytes/);
});

test("a refused request with a body leaves the connection usable", async () => {
  const answer = await sendRaw(
    proxy.port,
    rawPost({ line: "POST /v1/models HTTP/1.1", body: "x".repeat(500) }) + rawPost(),
    { until: (text) => (text.match(/HTTP\/1\.1 /g)?.length ?? 0) === 2 && isWhole(text) },
  );
  assert.deepEqual(answer.text.match(/HTTP\/1\.1 \d+/g), ["HTTP/1.1 403", "HTTP/1.1 200"]);
});

test("a WebSocket attempt gets 426 with Upgrade, so that Codex falls back to HTTP at once", async () => {
  const answer = await sendRaw(
    proxy.port,
    "GET /v1/responses HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n" +
      "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
    { until: isWhole },
  );
  assert.equal(answer.status, 426);
  assert.match(answer.text, /\r\nupgrade: HTTP\/1\.1\r\n/i);
  assert.match(answer.text, /PXY_ERR_UPGRADE/);
});

describe("let through:", () => {
  const accepted: [string, string][] = [
    ["Host: localhost", rawPost({ host: "localhost" })],
    ["Host: LOCALHOST:1", rawPost({ host: "LOCALHOST:1" })],
    ["Host: 127.0.0.53:99", rawPost({ host: "127.0.0.53:99" })],
    ["Host: [::1]:8080", rawPost({ host: "[::1]:8080" })],
    ["a name given with --allow-host, by any case and port", rawPost({ host: "gateway.EXAMPLE:443" })],
    ["a charset with the content type", rawPost({ contentType: "Application/JSON ; charset=utf-8" })],
    [
      "an offer of h2c, as curl --http2 makes it",
      rawPost({ headers: ["Connection: Upgrade", "Upgrade: h2c"] }),
    ],
    ["sec-fetch-mode, as Node's fetch sends it", rawPost({ headers: ["Sec-Fetch-Mode: cors"] })],
    ["a body at the limit", rawPost({ body: "x".repeat(1000) })],
    ["headers of 60 KB", rawPost({ headers: [`X-Large: ${"x".repeat(60_000)}`] })],
  ];
  for (const [name, bytes] of accepted) {
    test(name, async () => {
      const answer = await sendRaw(proxy.port, bytes, { until: isWhole });
      assert.equal(answer.status, 200, answer.text);
    });
  }
});

test("a hundred requests on one connection pass", async () => {
  const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
  for (let i = 0; i < 100; i++) {
    const status = await new Promise((resolve, reject) => {
      const request = http.request(
        `${proxy.baseUrl}/v1/responses`,
        { method: "POST", agent, headers: { "content-type": "application/json" } },
        (response) => response.resume().on("end", () => resolve(response.statusCode)),
      );
      request.on("error", reject).end("{}");
    });
    assert.equal(status, 200);
  }
  agent.destroy();
});

describe("the gate by itself", () => {
  const policy: GatePolicy = { httpShutdown: true, allowHosts: [], maxBodyBytes: 10 };
  const request = (change: Partial<RawRequest>): RawRequest => ({
    method: "POST",
    target: "/v1/responses",
    httpVersion: "1.1",
    rawHeaders: ["Host", "localhost", "Content-Type", "application/json"],
    ...change,
  });
  const codeOf = (change: Partial<RawRequest>): string => {
    try {
      return admit(request(change), policy);
    } catch (error) {
      return (error as ProxyError).code;
    }
  };

  test("denies when it cannot judge: an exception is never a passage", () => {
    const broken = { ...policy, allowHosts: null as unknown as string[] };
    assert.throws(() => admit(request({ rawHeaders: ["Host", "x.example"] }), broken), TypeError);
  });

  test("takes a length that is not a number for too large", () => {
    assert.equal(
      codeOf({
        rawHeaders: ["Host", "localhost", "Content-Type", "application/json", "Content-Length", "1x"],
      }),
      "PXY_ERR_BODY_TOO_LARGE",
    );
  });

  test("lets /shutdown through by GET only, from anything but a page", () => {
    assert.deepEqual(
      [
        codeOf({ target: "/shutdown", method: "GET" }),
        codeOf({ target: "/shutdown" }),
        codeOf({ target: "/shutdown", method: "GET", rawHeaders: ["Host", "evil.example"] }),
        codeOf({ target: "/shutdown", method: "GET", rawHeaders: ["Host", "localhost", "Origin", "null"] }),
        codeOf({
          target: "/shutdown",
          method: "GET",
          rawHeaders: ["Host", "localhost", "Sec-Fetch-Site", "none"],
        }),
        codeOf({ target: "/shutdown?", method: "GET" }),
      ],
      ["shutdown", "PXY_ERR_TARGET", "PXY_ERR_HOST", "PXY_ERR_ORIGIN", "PXY_ERR_ORIGIN", "PXY_ERR_TARGET"],
    );
  });

  test("answers are ProxyErrors whose codes are their names in the table", () => {
    const error = new ProxyError("PXY_ERR_HOST");
    assert.deepEqual(JSON.parse(error.toBody()), {
      error: { message: error.message, type: "forbidden", code: "PXY_ERR_HOST" },
    });
  });
});
