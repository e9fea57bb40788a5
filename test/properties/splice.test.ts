// The splice of the key for any cut of any request: the bytes are those that were written, with the
// key in the place of the placeholder, once a head.

import { test } from "node:test";
import { checkSplice, placeholder } from "../fuzz/typescript/splice.ts";
import { fc } from "./settings.ts";

test("the bytes that are written are those of the parts with the placeholder replaced once", () => {
  const text = fc.string({ unit: fc.integer({ min: 0, max: 255 }).map((code) => String.fromCharCode(code)) });
  const part = fc.oneof(text, fc.constantFrom(placeholder, placeholder.slice(1), placeholder.slice(0, 31)));
  const string = fc.array(part).map((parts) => parts.join(""));
  const buffer = string.map((bytes) => Buffer.from(bytes, "latin1"));
  fc.assert(fc.property(fc.array(fc.array(fc.oneof(string, buffer))), checkSplice));
});
