// Lines are found wherever a plain comparison, place by place and pass by pass, finds them first.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { SeekableLines } from "../../../agent/apply-patch/seek.ts";

function find(text: string, wanted: string, from = 0, isAtEnd = false): number | undefined {
  return new SeekableLines([...text]).find([...wanted], from, isAtEnd);
}

describe("lines that follow each other", () => {
  test("are found behind a beginning of theirs that repeats part of itself", () => {
    assert.equal(find("aabaaabaaac", "aabaaac"), 4);
    assert.equal(find("aabaaabaaac", "aabaaad"), undefined);
  });

  test("are found where comparing at every place finds them, among lines that repeat", () => {
    const lines = (maxLength: number) =>
      fc.array(fc.constantFrom("a", "b"), { maxLength }).map((all) => all.join(""));
    fc.assert(
      fc.property(lines(30), lines(8), fc.nat(5), (text, wanted, from) => {
        fc.pre(wanted !== "");
        const place = text.indexOf(wanted, from);
        assert.equal(find(text, wanted, from), place < 0 ? undefined : place);
      }),
      { numRuns: 2_000 },
    );
  });

  test("at the end are those at the end, and not before the place to start from", () => {
    assert.equal(find("abab", "ab", 0, true), 2);
    assert.equal(find("abab", "ab", 3, true), undefined);
    assert.equal(find("abac", "ab", 0, true), undefined);
  });
});

test("each pass looks through the whole file before a more lenient one does", () => {
  const lines = ["\u201cx\u201d", ' "x"', '"x" ', '"x"'];
  for (const [count, place] of [
    [4, 3],
    [3, 2],
    [2, 1],
    [1, 0],
  ] as const) {
    assert.equal(new SeekableLines(lines.slice(0, count)).find(['"x"'], 0), place);
  }
});
