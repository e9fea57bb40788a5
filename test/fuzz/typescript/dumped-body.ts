// A body in a dump: whatever the bytes are and however they come, what is written is JSON. A whole body
// of JSON stands there as itself, and any other short one as the text that it is.
//
// Input: a byte of switches (1 the media type says text, 2 a long beginning), then the body, with 0xff
// between chunks.

import assert from "node:assert/strict";
import { DumpedBody } from "../../../proxy/dump/dumped-body.ts";

export const dictionary = [
  "{",
  "}",
  "[",
  "]",
  ":",
  ",",
  '"',
  "\\",
  "null",
  "1",
  "\xff",
  "\xc3\xa9",
  "\xe2\x82\xac",
  "\xf0\x9f\x98\x80",
];

export const seeds = [
  '\x00{"a":[1,2,{"b":"\xc3\xa9"}]}',
  '\x00{"a":\xc3\xff\xa9}',
  "\x01data: x\n\n",
  '\x02"b",{"c":1}]',
  "\x02\xe2\x82",
  "\x00",
];

// More than is held until it is clear whether it is JSON.
const longBeginning = `["${"a".repeat(70_000)}",`;

export function fuzz(bytes: Buffer): void {
  const switches = bytes[0] ?? 0;
  const isText = (switches & 1) !== 0;
  const chunks = bytes.subarray(1).toString("latin1").split("\xff");
  if ((switches & 2) !== 0) chunks.unshift(longBeginning);
  const body = Buffer.from(chunks.join(""), "latin1");

  const written: Buffer[] = [];
  const dumped = new DumpedBody(isText, (piece) => written.push(Buffer.from(piece as string)));
  for (const chunk of chunks) dumped.push(Buffer.from(chunk, "latin1"));
  dumped.end();
  const dump = JSON.parse(`{"body": ${Buffer.concat(written)}}`) as { body: unknown; rest?: string };

  const text = body.toString("utf8");
  const parsed = isText || text.includes("\ufffd") ? undefined : parse(text);
  if (parsed !== undefined) assert.deepEqual(dump, { body: parsed.value });
  else if (chunks[0] !== longBeginning || isText) assert.deepEqual(dump, { body: text });
  else assert.equal(typeof dump.rest, "string");
}

function parse(text: string): { readonly value: unknown } | undefined {
  try {
    return { value: JSON.parse(text) };
  } catch {
    return undefined;
  }
}
