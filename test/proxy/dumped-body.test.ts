// How a body becomes a JSON value in a dump while it comes: wherever chunks begin and end, wherever it
// is cut, and whatever it is.

import assert from "node:assert/strict";
import fs from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, mock, test } from "node:test";
import { DumpDisk } from "../../proxy/dump/dump-disk.ts";
import { DumpedBody } from "../../proxy/dump/dumped-body.ts";
import { JsonPrefix } from "../../proxy/dump/json-prefix.ts";

interface Dumped {
  readonly body: unknown;
  readonly rest?: string;
}

/** The dump of a body, parsed, and the largest part of it that was held at once. */
function dump(chunks: readonly Buffer[], isText = false): Dumped {
  const pieces: Buffer[] = [];
  const body = new DumpedBody(isText, (piece) => pieces.push(Buffer.from(piece)));
  for (const chunk of chunks) body.push(chunk);
  body.end();
  const bytes = Buffer.concat([Buffer.from('{"body":'), ...pieces, Buffer.from("}")]);
  return JSON.parse(new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes));
}

const split = (bytes: Buffer, size: number): Buffer[] =>
  Array.from({ length: Math.ceil(bytes.length / size) }, (_, i) => bytes.subarray(i * size, (i + 1) * size));

function parses(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

const texts = [
  ...'{} [] 0 -0 1.5e+3 1E5 0.1 12 true false null "" "a" [1,2] {"a":1} [[],{}] '.trim().split(" "),
  ' {"a" : [ 1 , -2.5e-1 , "x\\u00e9\\n" , null ] , "b" : { "c" : true } }\n',
  '"\\"\\\\\\/\\b\\f\\n\\r\\t\\uD83D\\uDE00"',
  '{"ä":"€😀"}',
  ...["", " ", "-", "01", "1.", "1e", "1e+", ".5", "+1", "tru", "nul", "truex", "True", "NaN", "'a'"],
  ...['"a', '"\\x"', '"\\u12g4"', '"\u0001"', '"a\nb"', "[1,]", "[,1]", "[1 2]", "[1", "]", "[}", "{]"],
  ...['{"a"}', '{"a":}', '{"a":1,}', "{a:1}", '{"a":1 "b":2}', '{"a":1', "{1:2}", "{} {}", "1 2", '""x'],
];

describe("JSON is told from what is not, as JSON.parse does", () => {
  for (const text of texts) {
    test(JSON.stringify(text), () => {
      for (let size = 1; size <= 4; size++) {
        const json = new JsonPrefix();
        const isJson = split(Buffer.from(text), size).every((chunk) => json.push(chunk));
        assert.equal(isJson && json.isWhole, parses(text));
      }
    });
  }

  test("nesting beyond 128 is none, as in the original", () => {
    const nested = (depth: number) => Buffer.from("[".repeat(depth) + "]".repeat(depth));
    assert.deepEqual(
      [typeof dump([nested(128)]).body, typeof dump([nested(129)]).body],
      ["object", "string"],
    );
  });
});

test("a body is dumped as the JSON that it is, else as a string, in whatever chunks it comes", () => {
  for (const text of texts) {
    const bytes = Buffer.from(text);
    for (const size of [1, 2, 3, 1000]) {
      assert.deepEqual(dump(split(bytes, size)), { body: parses(text) ? JSON.parse(text) : text });
      assert.deepEqual(dump(split(bytes, size), true), { body: text });
    }
  }
});

test("bytes that are no UTF-8 become U+FFFD in a string, split or not", () => {
  const cases = [
    [Buffer.from('{"a":"\xff"}', "latin1"), '{"a":"\ufffd"}'],
    [Buffer.from("e282", "hex"), "\ufffd"],
    [Buffer.from("\ufeff{}"), "\ufeff{}"],
    [Buffer.from("1f8b0800", "hex"), "\u001f\ufffd\b\u0000"],
  ] as const;
  for (const [bytes, body] of cases) {
    for (const size of [1, 2, 100]) assert.deepEqual(dump(split(bytes, size)), { body });
  }
});

describe("a body of more than is held", () => {
  const long = "x".repeat(70_000);
  const whole = JSON.stringify({
    long,
    list: [1, { a: "é\n\u0001", b: [true, null, -1.5e300] }],
    "k\\": "😀",
  });

  test("is JSON when it is whole, and is written before its end", () => {
    let written = 0;
    const body = new DumpedBody(false, (piece) => {
      written += Buffer.from(piece).length;
    });
    body.push(Buffer.from(whole.slice(0, 69_000)));
    assert.equal(written, 69_000);
    assert.deepEqual(dump(split(Buffer.from(whole), 1000)), { body: JSON.parse(whole) });
  });

  test("is closed where it breaks off, and nothing of it is lost: what is left is its rest", () => {
    const bytes = Buffer.from(whole);
    for (let cut = 69_990; cut < bytes.length; cut++) {
      for (const size of [1000, bytes.length]) {
        // Followed by what can never be JSON there, and by nothing.
        for (const tail of [Buffer.alloc(0), Buffer.from("\u0002")]) {
          const input = Buffer.concat([bytes.subarray(0, cut), tail]);
          const { body, rest = "" } = dump(split(input, size));
          if (typeof body === "string") continue; // it broke in what was held
          const written = JSON.stringify(body);
          const expected = input.toString("utf8");
          const matches = [0, 1, 2, 3, 4, 5].some(
            (closers) => written.slice(0, written.length - closers) + rest === expected,
          );
          assert.ok(matches, `cut at ${cut}: …${written.slice(-40)} and ${JSON.stringify(rest)}`);
        }
      }
    }
  });
});

describe("a disk that does not keep up", () => {
  test("costs a dump and a bounded amount of memory, one warning and no waiting", async () => {
    const folder = fs.mkdtempSync(join(tmpdir(), "codex-disk-"));
    const stuck: (() => void)[] = [];
    const write = mock.method(fs, "write", (...args: unknown[]) => {
      stuck.push(() => (args.at(-1) as (error: null, written: number) => void)(null, args[3] as number));
    });
    const reasons: string[] = [];
    const disk = new DumpDisk(folder, 10);
    const file = disk.create("slow.json", (reason) => reasons.push(reason));
    const chunk = Buffer.alloc(1024 * 1024);
    file.append(chunk);
    for (let i = 0; i < 200 && stuck.length === 0; i++)
      await new Promise((resolve) => setTimeout(resolve, 5));
    assert.equal(write.mock.callCount(), 1);
    for (let i = 0; i < 15; i++) file.append(chunk);
    assert.equal(reasons.length, 0);
    for (let i = 0; i < 15; i++) file.append(chunk);
    assert.deepEqual(reasons, ["the disk is too slow"]);

    // The others wait for the same disk, and go on when it does.
    write.mock.restore();
    const other = disk.create("other.json", (reason) => reasons.push(reason));
    other.append(Buffer.from("{}"));
    other.end();
    for (const done of stuck) done();
    for (let i = 0; i < 200 && !isWritten(join(folder, "other.json")); i++) {
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    assert.equal(fs.readFileSync(join(folder, "other.json"), "utf8"), "{}");
    assert.equal(reasons.length, 1);
    fs.rmSync(folder, { recursive: true });
  });

  test("does not take the descriptors that streams need", () => {
    const folder = fs.mkdtempSync(join(tmpdir(), "codex-disk-"));
    const reasons: string[] = [];
    const disk = new DumpDisk(folder, 2);
    for (const name of ["1", "2", "3"]) disk.create(name, (reason) => reasons.push(`${name}: ${reason}`));
    assert.deepEqual(reasons, ["3: too many dumps are open at once"]);
    fs.rmSync(folder, { recursive: true });
  });
});

function isWritten(file: string): boolean {
  return fs.existsSync(file) && fs.statSync(file).size > 0;
}
