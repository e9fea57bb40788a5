// The gate and the header filter for requests that nobody thought of: they hold for what they let
// through, and they let through what they are for.

import assert from "node:assert/strict";
import { test } from "node:test";
import type { GatePolicy, RawRequest } from "../../proxy/gate.ts";
import { checkGate } from "../fuzz/typescript/gate.ts";
import { checkHeaders } from "../fuzz/typescript/headers.ts";
import { fc } from "./settings.ts";

const policy: GatePolicy = { httpShutdown: true, allowHosts: ["gateway.example"], maxBodyBytes: 1000 };

const good: RawRequest = {
  method: "POST",
  target: "/v1/responses",
  httpVersion: "1.1",
  rawHeaders: ["Host", "localhost", "Content-Type", "application/json"],
};

const latin1 = fc.string({ unit: fc.integer({ min: 0, max: 255 }).map((code) => String.fromCharCode(code)) });

/** Any text, and texts one small change away from the ones that matter. */
const near = (...texts: string[]) => {
  const changed = fc
    .tuple(fc.constantFrom(...texts), fc.nat(40), fc.nat(2), latin1)
    .map(([text, at, left, put]) => text.slice(0, at) + put + text.slice(at + left));
  return fc.oneof(fc.constantFrom(...texts), changed, latin1);
};

const name = near(
  "Host",
  "content-type",
  "Content-Length",
  "transfer-encoding",
  "Origin",
  "sec-fetch-site",
  "upgrade",
  "expect",
  "connection",
  "authorization",
);
const value = near(
  "localhost",
  "127.0.0.1",
  "[::1]:80",
  "gateway.example",
  "application/json",
  "2",
  "chunked",
  "websocket",
  "100-continue",
  "close, x-a",
);
const headers = fc.array(fc.tuple(name, value)).map((pairs) => pairs.flat());

test("nothing but the exact method and raw target passes", () => {
  const method = near("POST", "GET");
  const target = near("/v1/responses", "/shutdown");
  fc.assert(
    fc.property(method, target, near("1.1", "1.0"), (method, target, httpVersion) => {
      const passage = checkGate({ ...good, method, target, httpVersion }, policy);
      const isRight = ["1.0", "1.1"].includes(httpVersion);
      if (isRight && method === "POST" && target === "/v1/responses") assert.equal(passage, "forward");
      else if (isRight && method === "GET" && target === "/shutdown") assert.equal(passage, "shutdown");
      else assert.equal(passage, undefined);
    }),
  );
});

test("a Host that passes is this machine, as a browser would read it, or was allowed", () => {
  const host = fc.oneof(
    value,
    fc.ipV4Extended().map((address) => `${address}:1`),
    fc.ipV4(),
    fc.nat(99_999).map((port) => `localhost:${port}`),
    fc.ipV6().map((address) => `[${address}]`),
    fc.tuple(fc.domain(), fc.nat(70_000)).map(([domain, port]) => `${domain}:${port}`),
    fc.webAuthority({ withUserInfo: true, withPort: true, withIPv4Extended: true, withIPv6: true }),
    fc.nat(0xffffff).map((rest) => `127.${rest >> 16}.${(rest >> 8) & 255}.${rest & 255}`),
  );
  fc.assert(
    fc.property(host, (host) => {
      checkGate({ ...good, rawHeaders: ["Host", host, "Content-Type", "application/json"] }, policy);
    }),
  );
});

test("every address in 127.0.0.0/8 passes, on any port", () => {
  fc.assert(
    fc.property(fc.nat(0xffffff), fc.nat(65_535), (rest, port) => {
      const host = `127.${rest >> 16}.${(rest >> 8) & 255}.${rest & 255}:${port}`;
      const rawHeaders = ["Host", host, "Content-Type", "application/json"];
      assert.equal(checkGate({ ...good, rawHeaders }, policy), "forward");
    }),
  );
});

test("whatever the headers are, what passes keeps all the rules, and what does not is refused by name", () => {
  fc.assert(
    fc.property(headers, headers, (before, behind) => {
      checkGate({ ...good, rawHeaders: [...before, ...good.rawHeaders, ...behind] }, policy);
      checkGate({ ...good, rawHeaders: before }, policy);
    }),
  );
});

test("headers pass in their order with their duplicates, authorization first and once, nothing of the hop", () => {
  const dropped = fc.constantFrom(
    "TE",
    "Keep-Alive",
    "PROXY-x",
    "X-Forwarded-y",
    "Cookie",
    "Set-Cookie",
    "Trailer",
    "x-a",
  );
  const any = fc.array(fc.tuple(fc.oneof(name, dropped), value)).map((pairs) => pairs.flat());
  fc.assert(fc.property(any, checkHeaders));
});
