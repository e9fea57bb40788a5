// The gate: whatever head it is given, it refuses with an error of its own or lets through exactly
// the one request that it is for.
//
// Input: a request line of three words, then a header a line.

import assert from "node:assert/strict";
import { MIMEType } from "node:util";
import { ProxyError } from "../../../proxy/errors.ts";
import {
  admit,
  type GatePolicy,
  maxHeaderBytes,
  type Passage,
  type RawRequest,
} from "../../../proxy/gate.ts";

export const dictionary = [
  ...[
    "POST",
    "GET",
    "/v1/responses",
    "/shutdown",
    "1.1",
    "1.0",
    "\n",
    ":",
    ",",
    ";",
    "@",
    "[::1]",
    "127.0.0.1",
  ],
  ...["host:", "localhost", "gateway.example", "content-type:application/json", "content-length:", "origin:"],
  ...[
    "sec-fetch-site:",
    "upgrade:websocket",
    "upgrade:h2c",
    "transfer-encoding:chunked",
    "expect:100-continue",
  ],
];

export const seeds = [
  "POST /v1/responses 1.1\nhost:localhost\ncontent-type:application/json\ncontent-length:2",
  "POST /v1/responses 1.0\nHost:[::1]:80\nContent-Type:application/json; charset=utf-8\ntransfer-encoding:chunked",
  "GET /shutdown 1.1\nhost:127.0.0.1:8080",
  "POST /v1/responses 1.1\nhost:gateway.example\ncontent-type:application/json\nexpect:100-continue\nupgrade:h2c",
];

const policy: GatePolicy = { httpShutdown: true, allowHosts: ["gateway.example"], maxBodyBytes: 1000 };

export function fuzz(bytes: Buffer): void {
  const [line = "", ...lines] = bytes.toString("latin1").split("\n");
  const [method = "", target = "", httpVersion = ""] = line.split(" ");
  const rawHeaders = lines.flatMap((text) => {
    const colon = text.indexOf(":");
    return colon === -1 ? [text, ""] : [text.slice(0, colon), text.slice(colon + 1)];
  });
  checkGate({ method, target, httpVersion, rawHeaders }, policy);
}

/** Judge a request by the gate, and the gate by rules that are written down a second time. */
export function checkGate(request: RawRequest, policy: GatePolicy): Passage | undefined {
  let passage: Passage;
  try {
    passage = admit(request, policy);
  } catch (error) {
    assert.ok(error instanceof ProxyError, `something else was thrown: ${error}`);
    return undefined;
  }
  const values = (name: string) =>
    request.rawHeaders.filter((_, i) => i % 2 === 1 && request.rawHeaders[i - 1]?.toLowerCase() === name);
  const [host, ...otherHosts] = values("host");
  assert.deepEqual(otherHosts, []);
  assertMeansThisMachine(host ?? "", policy.allowHosts);
  assert.deepEqual([...values("origin"), ...values("sec-fetch-site")], []);
  assert.doesNotMatch(values("upgrade").join(), /(^|,)\s*websocket\s*(\/|,|$)/i);
  assert.ok(["1.0", "1.1"].includes(request.httpVersion));
  assert.ok(request.rawHeaders.join("").length <= maxHeaderBytes);
  if (passage === "shutdown") {
    assert.deepEqual([request.method, request.target, policy.httpShutdown], ["GET", "/shutdown", true]);
    return passage;
  }
  assert.deepEqual([request.method, request.target], ["POST", "/v1/responses"]);
  assert.deepEqual(
    values("content-type").map((type) => new MIMEType(type).essence),
    ["application/json"],
  );
  const codings = values("transfer-encoding").map((coding) => coding.toLowerCase());
  assert.ok(codings.length === 0 || (codings.join() === "chunked" && request.httpVersion === "1.1"));
  for (const length of values("content-length")) {
    assert.match(length, /^[0-9]+$/);
    assert.ok(BigInt(length) <= BigInt(policy.maxBodyBytes));
  }
  for (const expectation of values("expect")) assert.equal(expectation.toLowerCase(), "100-continue");
  return passage;
}

// As a browser would read it: WHATWG URL.
function assertMeansThisMachine(host: string, allowHosts: readonly string[]): void {
  const url = new URL(`http://${host}/`);
  assert.deepEqual([url.username, url.password, url.pathname, url.search, url.hash], ["", "", "/", "", ""]);
  const isLoopback = /^(localhost\.?|127\.\d{1,3}\.\d{1,3}\.\d{1,3}|\[::1\])$/.test(url.hostname);
  const isAllowed = allowHosts.includes(host.toLowerCase().replace(/:\d*$/, ""));
  assert.ok(isLoopback || isAllowed, `${host} was let through`);
}
