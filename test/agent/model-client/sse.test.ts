import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { eventData } from "../../../agent/model-client/sse.ts";

async function* chunksOf(pieces: readonly (string | Uint8Array)[]): AsyncGenerator<Uint8Array> {
  for (const piece of pieces) yield typeof piece === "string" ? Buffer.from(piece) : piece;
}

async function dataOf(...pieces: readonly (string | Uint8Array)[]): Promise<string[]> {
  const all: string[] = [];
  for await (const data of eventData(chunksOf(pieces))) all.push(data);
  return all;
}

describe("server-sent events", () => {
  test("come out the same whatever ends their lines", async () => {
    const lines = ["event: a", "data: 1", "", "data: 2", "", ""];
    for (const end of ["\n", "\r\n", "\r"]) assert.deepEqual(await dataOf(lines.join(end)), ["1", "2"]);
  });

  test("come out the same however the stream is cut into chunks, through characters and line ends", async () => {
    const text = ': hello\r\nid: 7\r\ndata: {"a":"é😀"}\r\ndata: x\r\r\ndata:y\n\nretry: 3\n\ndata\n\n';
    const bytes = Buffer.from(text);
    const whole = await dataOf(bytes);
    assert.deepEqual(whole, ['{"a":"é😀"}\nx', "y", ""]);
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(bytes.length)), async (cuts) => {
        const places = [0, ...cuts.sort((a, b) => a - b), bytes.length];
        const pieces = places.slice(1).map((end, index) => bytes.subarray(places[index], end));
        assert.deepEqual(await dataOf(...pieces), whole);
      }),
    );
  });

  test("keep all but one blank behind the colon, and drop a byte order mark", async () => {
    assert.deepEqual(await dataOf("\ufeffdata:  two\n\n"), [" two"]);
  });

  test("without a blank line behind the last one end with the stream", async () => {
    assert.deepEqual(await dataOf("data: 1\n\ndata: 2"), ["1", "2"]);
  });

  test("of many megabytes in many chunks take time in proportion to their length", async () => {
    const chunk = Buffer.alloc(1024, "x");
    const pieces = ["data: ", ...Array.from({ length: 32 * 1024 }, () => chunk), "\n\n"];
    const [data] = await dataOf(...pieces);
    assert.equal(data?.length, 32 * 1024 * 1024);
  });

  test("beyond the limit end the stream, whether of one line, of many lines or of many chunks", async () => {
    const read = async (pieces: readonly string[]) => {
      const all: string[] = [];
      for await (const data of eventData(chunksOf(pieces), 100)) all.push(data);
      return all;
    };
    const small = ["data: 1\n\n", ...Array.from({ length: 99 }, () => "data: 1\n\n")];
    assert.equal((await read(small)).length, 100, "the limit is one event's, not the stream's");
    for (const pieces of [
      [`data: ${"x".repeat(200)}\n\n`],
      Array.from({ length: 200 }, () => "data: x\n"),
      ["data:\n".repeat(200)],
      ["data: ", ...Array.from({ length: 200 }, () => "x")],
    ]) {
      await assert.rejects(read(pieces), { code: "MODEL_STREAM" });
    }
  });
});
