// The header filter: nothing of the hop or of who the client is passes, ours comes first and once, and
// what passes does so in its order with its duplicates.
//
// Input: a header a line.

import assert from "node:assert/strict";
import { clientHeaders, clientTrailers, requestHeaderRule } from "../../../proxy/headers.ts";

export const dictionary = [
  ...["\n", ":", ",", "connection:", "authorization:", "keep-alive", "te:", "trailer:", "transfer-encoding:"],
  ...[
    "upgrade:",
    "proxy-",
    "x-forwarded-",
    "forwarded:",
    "cookie:",
    "host:",
    "expect:",
    "content-length",
    "set-cookie:",
  ],
];

export const seeds = [
  "content-type:application/json\nconnection:keep-alive, X-Hop\nx-hop:1\nx-a:1\nX-A:2",
  "Connection:authorization,content-length,content-type\nAuthorization:Bearer x\ncontent-length:2",
  "set-cookie:a=1\nproxy-authenticate:Basic\nx-forwarded-for:1\ncookie:b\nforwarded:c\nhttp2-settings:d",
];

export function fuzz(bytes: Buffer): void {
  const lines = bytes.length === 0 ? [] : bytes.toString("latin1").split("\n");
  checkHeaders(
    lines.flatMap((line) => {
      const colon = line.indexOf(":");
      return colon === -1 ? [line, ""] : [line.slice(0, colon), line.slice(colon + 1)];
    }),
  );
}

const hop = /^(connection|keep-alive|te|trailer|transfer-encoding|upgrade)$/;
const onlyHere = /^(authorization|host|cookie|expect|forwarded|http2-settings|proxy-.*|x-forwarded-.*)$/s;
const onlyThere = /^(proxy-authenticate|proxy-authentication-info|set-cookie)$/;
const noTrailer =
  /^(age|authorization|cache-control|content-(encoding|length|range|type)|date|expires|host|location|retry-after|vary|www-authenticate)$/;

const bearer = requestHeaderRule({ authHeader: "authorization", authValue: "Bearer ours", addedHeaders: [] });
const apiKey = requestHeaderRule({
  authHeader: "api-key",
  authValue: "ours",
  addedHeaders: ["OpenAI-Project", "a", "X-Twice", "1", "X-Twice", "2"],
});

/** Filter a list each way and compare with the rules, written down a second time. */
export function checkHeaders(rawHeaders: readonly string[]): void {
  const pairs = rawHeaders.flatMap((name, i) =>
    i % 2 === 0 ? [[name, rawHeaders[i + 1] ?? ""] as const] : [],
  );
  const named = new Set(
    pairs
      .filter(([name, value]) => name.toLowerCase() === "connection" && value !== "close")
      .flatMap(([, value]) => value.split(","))
      .map((name) => name.trim().toLowerCase())
      .filter((name) => name !== "content-length" && name !== "content-type"),
  );
  const kept = (...alsoDropped: readonly RegExp[]) =>
    pairs
      .filter(([name]) => {
        const lowerCase = name.toLowerCase();
        return !named.has(lowerCase) && ![hop, ...alsoDropped].some((rule) => rule.test(lowerCase));
      })
      .flat();
  assert.deepEqual(bearer(rawHeaders), ["authorization", "Bearer ours", ...kept(onlyHere)]);
  assert.deepEqual(apiKey(rawHeaders), [
    ...["api-key", "ours", "OpenAI-Project", "a", "X-Twice", "1", "X-Twice", "2"],
    ...kept(onlyHere, /^(api-key|openai-project|x-twice)$/),
  ]);
  assert.deepEqual(clientHeaders(rawHeaders), kept(onlyThere));
  assert.deepEqual(clientTrailers(rawHeaders).flat(), kept(onlyThere, noTrailer));
}
