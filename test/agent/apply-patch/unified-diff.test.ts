// Diffs for display: what diff(1) and patch(1) make of them, and that they stay quick.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import fs from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { diffLines } from "../../../agent/apply-patch/diff.ts";
import { unifiedDiff } from "../../../agent/apply-patch/unified-diff.ts";
import { fc } from "../../properties/settings.ts";
import { inPlace } from "./place.ts";

describe("the form of a diff", () => {
  const cases: readonly (readonly [title: string, before: string, after: string, diff: string])[] = [
    ["equal texts have none", "a\n", "a\n", ""],
    ["two empty texts have none", "", "", ""],
    ["a new text is added to nothing", "", "a\nb\n", "@@ -0,0 +1,2 @@\n+a\n+b\n"],
    ["a text that goes is taken from nothing", "a\n", "", "@@ -1 +0,0 @@\n-a\n"],
    ["a line between lines", "a\nb\nc\n", "a\nB\nc\n", "@@ -1,3 +1,3 @@\n a\n-b\n+B\n c\n"],
    ["a line put in", "a\nb\n", "a\nx\nb\n", "@@ -1,2 +1,3 @@\n a\n+x\n b\n"],
    ["an ending that is missing", "a", "a\n", "@@ -1 +1 @@\n-a\n\\ No newline at end of file\n+a\n"],
    [
      "an ending that is missing on both sides",
      "a\nb",
      "A\nb",
      "@@ -1,2 +1,2 @@\n-a\n+A\n b\n\\ No newline at end of file\n",
    ],
    [
      "changes two lines apart share a hunk",
      "a\nb\nc\nd\n",
      "A\nb\nc\nD\n",
      "@@ -1,4 +1,4 @@\n-a\n+A\n b\n c\n-d\n+D\n",
    ],
    [
      "changes three lines apart have their own",
      "a\nb\nc\nd\ne\n",
      "A\nb\nc\nd\nE\n",
      "@@ -1,2 +1,2 @@\n-a\n+A\n b\n@@ -4,2 +4,2 @@\n d\n-e\n+E\n",
    ],
  ];
  for (const [title, before, after, diff] of cases) {
    test(title, () => assert.equal(unifiedDiff(before, after, 1), diff));
  }
});

const line = fc.constantFrom("a", "b", "c", "d", "");
const lines = fc.array(line, { maxLength: 40 });

/** The length of the shortest edit, by the table that takes quadratic space. */
function shortestEdit(before: readonly string[], after: readonly string[]): number {
  let row = Array.from({ length: after.length + 1 }, (_, index) => index);
  for (const [at, text] of before.entries()) {
    const next = [at + 1];
    for (const [index, other] of after.entries()) {
      const edits = Math.min(row[index + 1] as number, next[index] as number) + 1;
      next.push(text === other ? (row[index] as number) : edits);
    }
    row = next;
  }
  return row[after.length] as number;
}

test("replacements lead from one text to the other, and no shorter ones do", () => {
  fc.assert(
    fc.property(lines, lines, (before, after) => {
      const replacements = diffLines(before, after);
      const rebuilt: string[] = [];
      let at = 0;
      let edits = 0;
      for (const { oldStart, oldEnd, newStart, newEnd } of replacements) {
        rebuilt.push(...before.slice(at, oldStart), ...after.slice(newStart, newEnd));
        at = oldEnd;
        edits += oldEnd - oldStart + newEnd - newStart;
      }
      rebuilt.push(...before.slice(at));
      assert.deepEqual(rebuilt, after);
      assert.equal(edits, shortestEdit(before, after));
    }),
  );
});

const hasPatch = spawnSync("patch", ["--version"]).status === 0;

test("patch(1) makes the new text of the old one", { skip: !hasPatch && "no patch(1) here" }, async () => {
  const text = fc
    .tuple(lines, fc.boolean())
    .map(([lines, isEnded]) => lines.join("\n") + (isEnded && lines.length > 0 ? "\n" : ""));
  await inPlace({}, (place) => {
    fc.assert(
      fc.property(text, text, fc.nat(4), (before, after, context) => {
        fs.writeFileSync(join(place, "f"), before);
        const input = `--- f\n+++ f\n${unifiedDiff(before, after, context)}`;
        const args = ["-s", "-u", "-i", "-", "-o", "g", "f"];
        const { status, stdout, stderr } = spawnSync("patch", args, { cwd: place, input, encoding: "utf8" });
        if (before === after) return;
        assert.equal(status, 0, stdout + stderr);
        assert.equal(fs.existsSync(join(place, "g")) ? fs.readFileSync(join(place, "g"), "utf8") : "", after);
      }),
      { numRuns: 150 },
    );
  });
});

test("big files take work in proportion to their size, however much of them differs", () => {
  const before = Array.from({ length: 300_000 }, (_, index) => `line ${index}`);
  const scattered = before.map((text, index) => (index % 1000 === 0 ? `${text} changed` : text));
  assert.equal(diffLines(before, scattered).length, 300);
  assert.equal(diffLines(before, before.toReversed()).length > 0, true);
  const other = before.map((text) => `other ${text}`);
  assert.deepEqual(diffLines(before, other), [
    { oldStart: 0, oldEnd: 300_000, newStart: 0, newEnd: 300_000 },
  ]);
  const alternating = Array.from({ length: 100_000 }, (_, index) => String(index % 2));
  const shifted = Array.from({ length: 100_000 }, (_, index) => String(index % 3));
  assert.ok(diffLines(alternating, shifted).length > 0);
});
