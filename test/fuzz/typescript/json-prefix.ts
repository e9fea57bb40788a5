// The reader of JSON on its way into a dump: it agrees with JSON.parse on what is JSON, and wherever it
// says that the text can be cut and closed, what comes of that is JSON.
//
// Input: the text, with 0xff between chunks.

import assert from "node:assert/strict";
import { JsonPrefix } from "../../../proxy/dump/json-prefix.ts";

export const dictionary = [
  ...[
    "{",
    "}",
    "[",
    "]",
    ":",
    ",",
    '"',
    "\\",
    "\\u00e9",
    "true",
    "false",
    "null",
    "-",
    "0",
    "1",
    ".5",
    "e+1",
    "\xff",
  ],
  ...[" ", "\n", "\t", '{"a":', "[1,", '"a"'],
];

export const seeds = [
  '{"model":"gpt-5","input":[{"role":"user","content":"a\\n\\u00e9"}],"stream":true,"n":-1.5e+3,"x":null}',
  "[\xff]",
  ' "a\xffb" ',
  "-0.0E-1",
];

// The depth at which it gives up.
const maxDepth = 128;

export function fuzz(bytes: Buffer): void {
  const chunks = bytes.toString("latin1").split("\xff");
  const text = chunks.join("");
  const json = new JsonPrefix();
  let length = 0;
  let isRefused = false;
  for (const chunk of chunks) {
    isRefused = !json.push(Buffer.from(chunk, "latin1"));
    if (isRefused) break;
    length += chunk.length;
    assert.ok(json.safe <= length);
    if (json.safe > 0) JSON.parse(text.slice(0, json.safe) + json.closers());
  }
  const isWhole = !isRefused && json.isWhole;
  if (isWhole || depthOf(text) <= maxDepth) assert.equal(isWhole, isJson(text), JSON.stringify(text));
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/** At least the depth of the text, if it is JSON: brackets in strings count too. */
function depthOf(text: string): number {
  return [...text].filter((character) => character === "[" || character === "{").length;
}
