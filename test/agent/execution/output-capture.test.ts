import assert from "node:assert/strict";
import { test } from "node:test";
import { OutputCapture } from "../../../agent/execution/output-capture.ts";
import { fc } from "../../properties/settings.ts";

function captured(pieces: readonly string[], halfLength: number) {
  const capture = new OutputCapture(halfLength);
  for (const piece of pieces) capture.add(piece);
  return capture.output();
}

test("what fits is kept as it is", () => {
  assert.deepEqual(captured(["a\n", "", "b", "c".repeat(6)], 5), { text: "a\nbcccccc", missingLines: 0 });
});

test("of more, beginning and end stay, and the line between counts what is missing", () => {
  assert.deepEqual(
    captured(["0123456789", ..."\n\nab\n\ncdefgh".split(""), "Z".repeat(4999)], 5_000 / 1000),
    {
      text: `01234\n[... 17 characters left out ...]\n${"Z".repeat(4999)}`,
      missingLines: 2,
    },
  );
});

test("however the output is cut into pieces, nothing but its middle is missing, and the lines add up", () => {
  const pieces = fc.array(fc.string({ unit: fc.constantFrom("a", "é", "🙂", "\n"), maxLength: 12_000 }), {
    maxLength: 12,
  });
  fc.assert(
    fc.property(pieces, (list) => {
      const all = list.join("");
      const { text, missingLines } = captured(list, 6_000);
      const [head, tail] = text.split(/\n\[\.\.\. \d+ characters left out \.\.\.\]\n/) as [string, string?];
      assert.ok(all.startsWith(head) && all.endsWith(tail ?? head));
      if (tail === undefined) assert.equal(text, all);
      else assert.ok(![head, tail].some((part) => /[\ud800-\udfff]/u.test(part)));
      assert.equal(text.split("\n").length + missingLines, all.split("\n").length);
    }),
  );
});
