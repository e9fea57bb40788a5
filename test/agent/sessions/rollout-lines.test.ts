import assert from "node:assert/strict";
import type { FileHandle } from "node:fs/promises";
import { test } from "node:test";
import { rolloutLines } from "../../../agent/sessions/rollout-lines.ts";

/** A file that never ends: one short line, and another one that has no end. */
function endlessFile() {
  let readBytes = 0;
  const read = async (buffer: Buffer, _: number, size: number, position: number) => {
    assert.ok(position < 64 * 1024 * 1024, "it is read on and on");
    readBytes = position + size;
    buffer.fill("x", 0, size);
    if (position === 0) buffer[5] = 0x0a;
    return { buffer, bytesRead: size };
  };
  return { file: { read } as unknown as FileHandle, readBytes: () => readBytes };
}

test("who needs the beginning of a session alone does not read a line without an end to its end", async () => {
  const { file, readBytes } = endlessFile();
  const lines: unknown[] = [];
  for await (const line of rolloutLines(file, { firstChunkBytes: 100, lastLineBytes: 3_000_000 })) {
    lines.push(line);
  }
  assert.deepEqual(lines, [{ text: "xxxxx", endOffset: 6, isWhole: true }]);
  assert.equal(readBytes(), 100 + 3 * 1024 * 1024);
});
