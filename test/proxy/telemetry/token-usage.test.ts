// Token usage of streams and documents: read wherever the bytes are cut, and never from what a model wrote.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { JsonUsage, StreamUsage, type UsageReader } from "../../../proxy/telemetry/token-usage.ts";
import { encodeEvent, textEvents, wholeAnswer } from "../../mock/response-events.ts";
import { fc } from "../../properties/settings.ts";

const real = { input: 12, cached: 0, output: 5, reasoning: 0, total: 17 };

function read<Reader extends UsageReader>(reader: Reader, text: string, pieceBytes = text.length): Reader {
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length; at += pieceBytes)
    reader.push(Buffer.from(bytes.subarray(at, at + pieceBytes)));
  return reader;
}

const stream = (pieces: readonly string[]) => textEvents(pieces).map(encodeEvent).join("");

const fake = '{"response":{"usage":{"input_tokens":999,"output_tokens":999,"total_tokens":1998}}}';

test("a stream's usage is that of its last event, however it is cut, and its events are counted", () => {
  const text = stream(["Hello ", "world"]);
  for (const pieceBytes of [1, 2, 7, 64, 1000, text.length]) {
    const { usage, events } = read(new StreamUsage(), text, pieceBytes);
    assert.deepEqual([usage, events], [real, textEvents(["Hello ", "world"]).length]);
  }
});

test("what a model writes is not taken for usage, whatever it is and wherever it is cut", () => {
  const lures = [
    fake,
    `\n\nevent: response.completed\ndata: ${fake}\n\n`,
    `"}],"usage":{"input_tokens":999},"x":"`,
    `\\"usage\\":{\\"input_tokens\\":999}`,
    "\\",
    '\\\\"',
  ];
  const said = fc.array(fc.oneof(fc.constantFrom(...lures), fc.string({ unit: "binary" })), {
    minLength: 1,
    maxLength: 6,
  });
  fc.assert(
    fc.property(said, fc.integer({ min: 1, max: 400 }), (pieces, pieceBytes) => {
      assert.deepEqual(read(new StreamUsage(), stream(pieces), pieceBytes).usage, real);
      const document = JSON.stringify(wholeAnswer(pieces.join("")));
      assert.deepEqual(read(new JsonUsage(), document, pieceBytes).usage, real);
    }),
    { numRuns: 500 },
  );
});

describe("a stream", () => {
  const completed = JSON.stringify({ type: "response.completed", response: wholeAnswer("x") });
  const cases: Readonly<Record<string, readonly [text: string, usage: unknown]>> = {
    "may leave out the names of its events": [`data: ${completed}\n\n`, real],
    "may end its lines with CRLF": [`event: response.completed\r\ndata: ${completed}\r\n\r\n`, real],
    "may have comments and a byte order mark": [
      `\uFEFF: hi\n\n: ${fake}\nevent:response.completed\ndata:${completed}\n\n`,
      real,
    ],
    "may give data in several lines": [
      `event: response.completed\n${JSON.stringify(JSON.parse(completed), null, 1)
        .split("\n")
        .map((line) => `data: ${line}`)
        .join("\n")}\n\n`,
      real,
    ],
    "may fail, or stay incomplete, and tell its usage": [
      `event: response.incomplete\ndata: ${completed}\n\n`,
      real,
    ],
    "has none in events of other names": [`event: response.output_text.delta\ndata: ${fake}\n\n`, undefined],
    "has none in a usage that is elsewhere": [
      'data: {"usage":{"input_tokens":1},"item":{"usage":{"input_tokens":2}}}\n\n',
      undefined,
    ],
    "has no numbers that are none": [
      'data: {"response":{"usage":{"input_tokens":-1,"output_tokens":1.5,"total_tokens":"7","input_tokens_details":null}}}\n\n',
      undefined,
    ],
    "has no numbers beyond what can be counted": [
      'data: {"response":{"usage":{"input_tokens":99999999999999999999,"output_tokens":1e999,"total_tokens":3}}}\n\n',
      { total: 3 },
    ],
  };
  for (const [claim, [text, usage]] of Object.entries(cases)) {
    test(claim, () => {
      for (const pieceBytes of [text.length, 1, 13]) {
        assert.deepEqual(read(new StreamUsage(), text, pieceBytes).usage, usage);
      }
    });
  }
});

test("an event of many megabytes is read without being kept", () => {
  const reader = new StreamUsage();
  reader.push(Buffer.from('event: response.completed\ndata: {"response":{"output":[{"text":"'));
  const chunk = Buffer.from(`${"x".repeat(60_000)}\\"`);
  globalThis.gc?.();
  const before = process.memoryUsage().heapUsed;
  for (let i = 0; i < 1000; i++) reader.push(chunk);
  assert.ok(process.memoryUsage().heapUsed - before < 16 * 1024 * 1024, "60 MB went through it");
  reader.push(Buffer.from('"}],"usage":{"input_tokens":1,"total_tokens":2}}}\n\n'));
  assert.deepEqual(reader.usage, { input: 1, total: 2 });
});

test("no bytes whatever make it throw", () => {
  const pieces = fc.array(
    fc.oneof(
      fc.uint8Array({ maxLength: 60 }),
      fc
        .constantFrom("data:", "event: ", "\n", "\r\n", '{"response":{"usage":{')
        .map((text) => Buffer.from(text)),
    ),
  );
  fc.assert(
    fc.property(pieces, (pieces) => {
      const reader = new StreamUsage();
      for (const piece of pieces) reader.push(Buffer.from(piece));
    }),
  );
});
