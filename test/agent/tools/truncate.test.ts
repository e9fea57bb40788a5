import assert from "node:assert/strict";
import { test } from "node:test";
import { truncateOutput } from "../../../agent/tools/truncate.ts";
import { fc } from "../../properties/settings.ts";

const numbers = (from: number, to: number) =>
  Array.from({ length: to - from + 1 }, (_, index) => `${from + index}\n`).join("");

test("an output of 256 lines and 10 KiB is left as it is", () => {
  for (const output of ["", "\n", "a", numbers(1, 256), "x".repeat(10_240), "é".repeat(5_120)]) {
    const { text, isTruncated } = truncateOutput(output);
    assert.deepEqual([text, isTruncated], [output, false]);
  }
});

test("of more lines the first and the last 128 stay, and the note counts the others", () => {
  assert.deepEqual(truncateOutput(numbers(1, 257)), {
    text: `${numbers(1, 128)}\n[... omitted 1 of 257 lines ...]\n\n${numbers(130, 257)}`,
    totalLines: 257,
    isTruncated: true,
  });
  const { text, totalLines } = truncateOutput(`${numbers(1, 2000)}end`);
  assert.equal(totalLines, 2001);
  assert.ok(text.endsWith(`\n[... omitted 1745 of 2001 lines ...]\n\n${numbers(1874, 2000)}end`));
});

test("of more bytes 5 KiB of the beginning stay and what fits of the end, with a note of its own", () => {
  const note = "\n[... output truncated to fit 10240 bytes ...]\n\n";
  for (const [first, last] of [
    ["a", "b"],
    ["a\n".repeat(50), "b"],
  ] as const) {
    const { text, isTruncated } = truncateOutput(`${first}${"a".repeat(9_000)}${"b".repeat(9_000)}${last}`);
    assert.ok(isTruncated);
    assert.deepEqual([text.length, text.slice(5_120, 5_120 + note.length)], [10_240, note]);
    assert.ok(text.startsWith(first) && text.endsWith("b".repeat(5_000)));
  }
});

test("what the beginning has is not there again at the end", () => {
  const { text } = truncateOutput(`${`${"x".repeat(5_099)}\n`.repeat(2)}${"y\n".repeat(200)}`);
  assert.ok(text.length === 10_240 && text.endsWith("y\n".repeat(200)));
  assert.ok(text.split("x").length - 1 < 2 * 5_099);
});

test("lines that were never kept count, in the note and in the total", () => {
  const { text, totalLines } = truncateOutput(numbers(1, 300), 1_000_000);
  assert.equal(totalLines, 1_000_300);
  assert.ok(text.includes("[... omitted 1000044 of 1000300 lines ...]"));
});

test("whatever the output is, what is left fits, has no broken character and both of its ends", () => {
  const pieces = fc.array(
    fc.tuple(fc.constantFrom("a", "é", "€", "🙂", "\n", "ab\n", "🙂\n"), fc.integer({ min: 0, max: 3000 })),
    { maxLength: 8 },
  );
  fc.assert(
    fc.property(pieces, (list) => {
      const output = list.map(([piece, count]) => piece.repeat(count)).join("");
      const { text, isTruncated } = truncateOutput(output);
      assert.ok(Buffer.byteLength(text) <= 10_240);
      assert.ok(!text.includes("\ufffd"));
      if (!isTruncated) assert.equal(text, output);
      const [first, last] = text.split(/\n\[\.\.\. .* \.\.\.\]\n\n/) as [string, string?];
      assert.ok(output.startsWith(first));
      assert.ok(output.endsWith(last ?? first));
      assert.ok(!isTruncated || last !== undefined);
    }),
  );
});
