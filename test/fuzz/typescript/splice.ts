// The splice of the key: whatever undici writes, the socket gets the same bytes with the first
// placeholder of each string replaced by the key, and the callback of each write once.
//
// Input: writes with 0xff between them; an even first byte makes one a string; 0xfe stands for the
// placeholder.

import assert from "node:assert/strict";
import { Writable } from "node:stream";
import type { buildConnector } from "undici";
import type { Secret } from "../../../hardening/secret.ts";
import { spliceSecret } from "../../../hardening/splice.ts";

export const dictionary = ["\xff", "\xfe", "\xff\x00", "\xff\x01", "authorization: Bearer \xfe\r\n"];

export const seeds = [
  "\x00POST / HTTP/1.1\r\nauthorization: Bearer \xfe\r\n\r\n\xff\x01{}",
  "\x00\xfe\xfe\xff\x00\xff\x00no placeholder",
];

const placeholder = "0123456789abcdef0123456789abcdef";
const key = "sk-the-key";

/** One write of undici's. */
export type Chunk = string | Buffer;

export function fuzz(bytes: Buffer): void {
  const parts = bytes.toString("latin1").split("\xff");
  checkSplice(
    parts.map((part) => {
      const isString = part.charCodeAt(0) % 2 === 0;
      const text = part.slice(1).replaceAll("\xfe", placeholder);
      return isString ? text : Buffer.from(text, "latin1");
    }),
  );
}

/** Write the chunks through a spliced socket and compare what arrives. */
export function checkSplice(chunks: readonly Chunk[]): void {
  const written: Buffer[] = [];
  let callbacks = 0;
  const socket = new Writable({
    decodeStrings: true,
    write: (chunk: Buffer, _encoding, done) => {
      written.push(chunk);
      done();
    },
  });
  const secret: Secret = { kind: "sodium", placeholder, bytes: Buffer.from(key), wipe: () => {} };
  const connect = spliceSecret(
    ((_options, callback) => callback(null, socket as never)) as buildConnector.connector,
    secret,
  );
  connect({} as buildConnector.Options, (...args) => assert.equal(args[0], null));
  for (const chunk of chunks) socket.write(chunk, "latin1", () => callbacks++);

  const expected = chunks.map((chunk) => {
    if (typeof chunk !== "string") return chunk;
    const at = chunk.indexOf(placeholder);
    const spliced = at === -1 ? chunk : chunk.slice(0, at) + key + chunk.slice(at + placeholder.length);
    return Buffer.from(spliced, "latin1");
  });
  assert.equal(Buffer.concat(written).toString("latin1"), Buffer.concat(expected).toString("latin1"));
  assert.ok(callbacks <= chunks.length);
}
