// The upstream URL: what is taken has one reading, names no user, and is http to this machine alone;
// what is not taken is refused by the proxy's own error, which does not repeat what may be a password.
//
// Input: the URL in UTF-8.

import assert from "node:assert/strict";
import { StartError } from "../../../proxy/errors.ts";
import { parseProxyUrl, parseUpstreamUrl } from "../../../proxy/upstream/url.ts";

export const dictionary = [
  ...[
    "https://",
    "http://",
    "localhost",
    "127.0.0.1",
    "[::1]",
    ":443",
    ":80",
    ":",
    "@",
    "#",
    "?",
    "/",
    "\\",
    "%2e",
  ],
  ...["\t", "\n", " ", "\0", "a.example", "0x7f.1", "//", "\u00ad", "\uff1a"],
];

export const seeds = [
  "https://api.openai.com/v1/responses",
  "http://127.0.0.1:8080/v1/responses?a=b",
  "http://[::1]:80/",
  "https://user:secret@host/",
  "https:///host:8443/x",
  "http://10.0.0.1/",
  "ftp://x/",
];

export function fuzz(bytes: Buffer): void {
  const text = bytes.toString("utf8");
  checkUpstreamUrl(text, false);
  checkUpstreamUrl(text, true);
  checkProxyUrl(text);
}

/** The same for the URL of a forward proxy, which is a host and a port alone. */
export function checkProxyUrl(text: string): URL | undefined {
  const url = parseOrRefuse(text, () => parseProxyUrl(text));
  if (url === undefined) return undefined;
  assert.match(url.protocol, /^https?:$/);
  assert.deepEqual([url.username, url.password, url.pathname, url.search, url.hash], ["", "", "/", "", ""]);
  assert.doesNotMatch(text, /[@\\\s#\p{Cc}]/u);
  return url;
}

function parseOrRefuse(text: string, parse: () => URL): URL | undefined {
  try {
    return parse();
  } catch (error) {
    assert.ok(error instanceof StartError, `something else was thrown: ${error}`);
    const userinfo = /^[^/]*\/\/([^/@]{8,})@/.exec(text)?.[1];
    if (userinfo !== undefined) assert.ok(!error.message.includes(userinfo));
    return undefined;
  }
}

/** Parse, and hold the outcome against the rules. */
export function checkUpstreamUrl(text: string, allowInsecure: boolean): URL | undefined {
  const url = parseOrRefuse(text, () => parseUpstreamUrl(text, allowInsecure));
  if (url === undefined) return undefined;
  assert.match(url.protocol, /^https?:$/);
  assert.deepEqual([url.username, url.password, url.hash], ["", "", ""]);
  assert.doesNotMatch(text, /[\\\s#\p{Cc}]/u);
  const isLoopback = /^(localhost\.?|127\.\d{1,3}\.\d{1,3}\.\d{1,3}|\[::1\])$/.test(url.hostname);
  assert.ok(url.protocol === "https:" || allowInsecure || isLoopback, `http to ${url.hostname}`);
  return url;
}
