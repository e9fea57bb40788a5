// Warnings and errors name files and repeat words of others: none of it steers a terminal.

import assert from "node:assert/strict";
import { PassThrough } from "node:stream";
import { test } from "node:test";
import { warnOn } from "../../cli/notices.ts";
import { reportFailure } from "../../cli/program.ts";

const hostile = "/work/\x1b]0;title\x07\x9b2J/AGENTS.md is cut";
const visible = "/work/␛]0;title␇\ufffd2J/AGENTS.md is cut";

test("a warning shows the control characters of a file's name", () => {
  let written = "";
  warnOn({ write: (text) => (written += text) })(hostile);
  assert.equal(written, `warning: ${visible}\n`);
});

test("an error shows the control characters of a file's name", () => {
  const stderr = new PassThrough();
  assert.equal(reportFailure(new Error(hostile), stderr), 1);
  assert.equal(String(stderr.read()), `Error: ${visible}\n`);
});
