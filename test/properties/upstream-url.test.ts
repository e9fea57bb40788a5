// The two readers of the upstream URL agree: the launcher, which allows connections to its port alone,
// and Node, which connects.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { checkProxyUrl, checkUpstreamUrl } from "../fuzz/typescript/upstream-url.ts";
import { compileNativeFunction, type NativeFunction } from "./native-function.ts";
import { fc, runsOfPrograms } from "./settings.ts";

let portOf: NativeFunction;
before(() => {
  portOf = compileNativeFunction("upstream-port");
});
after(() => portOf.remove());

// Mostly nothing: one oddity at a time is what a parser trips over.
const odd = fc.oneof(
  { weight: 12, arbitrary: fc.constant("") },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      ...[
        "@",
        ":",
        ":@",
        "/",
        "//",
        "\\",
        "#",
        "?",
        "\t",
        "\n",
        " ",
        "\u0001",
        "\u00a0",
        "\uff1a",
        "%3a",
        "[",
        "]",
      ],
    ),
  },
);
const url = fc
  .tuple(
    odd,
    fc.constantFrom("https:", "http:", "HTTPS:", "hTTp:", "ftp:", ""),
    fc.constantFrom("//", "//", "//", "//", "//", "/", "///", "\\\\", ""),
    odd,
    fc.oneof(
      fc.constantFrom("localhost", "127.0.0.1", "[::1]", "a.example", "0x7f.1", "bücher.example"),
      fc.domain(),
      fc.ipV6().map((address) => `[${address}]`),
    ),
    odd,
    fc.oneof(
      fc.constantFrom("", ":", ":443", ":80", ":0443", ":+80", ":80x", ":0x50", ":٣"),
      fc.nat(70_000).map((port) => `:${port}`),
    ),
    odd,
    fc.constantFrom("", "/", "/v1/responses", "/a:81/b", "?a=:82", "/x@y:83", "/[::1]:84"),
    odd,
  )
  .map((parts) => parts.join(""));

test("the launcher allows the very port that Node connects to, for any URL that is taken", () => {
  let known = 0;
  fc.assert(
    fc.property(url, fc.boolean(), (text, allowInsecure) => {
      if (text.includes("\0")) return;
      const taken = checkUpstreamUrl(text, allowInsecure) ?? checkProxyUrl(text);
      if (taken === undefined) return;
      known++;
      const connectsTo = taken.port === "" ? (taken.protocol === "http:" ? "80" : "443") : taken.port;
      assert.equal(portOf.call([text]), connectsTo);
    }),
    { numRuns: runsOfPrograms * 10 },
  );
  assert.ok(known > 100, `only ${known} URLs were taken, which shows little`);
});

test("plain URLs are taken", () => {
  const plain = fc
    .tuple(fc.domain(), fc.integer({ min: 1, max: 65_535 }))
    .map(([host, port]) => `https://${host}:${port}/v1/responses`);
  fc.assert(fc.property(plain, (text) => assert.notEqual(checkUpstreamUrl(text, false), undefined)));
});
