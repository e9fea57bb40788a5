// A change as a unified diff, for people and for clients that show one. What is written to disk never comes
// from here.

import { diffLines, type Replacement } from "./diff.ts";

/**
 * Compare two texts.
 *
 * @param context - how many unchanged lines are shown around each change
 * @returns hunks without file headers; "" when the texts are equal
 */
export function unifiedDiff(oldText: string, newText: string, context: number): string {
  const oldLines = linesWithEndings(oldText);
  const newLines = linesWithEndings(newText);
  const parts: string[] = [];
  for (const group of groupsWithin(diffLines(oldLines, newLines), 2 * context)) {
    appendHunk(parts, oldLines, newLines, group, context);
  }
  return parts.join("");
}

function linesWithEndings(text: string): string[] {
  const lines: string[] = [];
  for (let start = 0; start < text.length; ) {
    const newline = text.indexOf("\n", start);
    const end = newline < 0 ? text.length : newline + 1;
    lines.push(text.slice(start, end));
    start = end;
  }
  return lines;
}

/** Replacements that are shown in one hunk. */
function groupsWithin(replacements: readonly Replacement[], distance: number): Replacement[][] {
  const groups: Replacement[][] = [];
  let end = Number.NEGATIVE_INFINITY;
  for (const replacement of replacements) {
    if (replacement.oldStart - end <= distance) groups.at(-1)?.push(replacement);
    else groups.push([replacement]);
    end = replacement.oldEnd;
  }
  return groups;
}

function appendHunk(
  parts: string[],
  oldLines: readonly string[],
  newLines: readonly string[],
  group: readonly Replacement[],
  context: number,
): void {
  const first = group[0];
  const last = group.at(-1);
  if (first === undefined || last === undefined) return;
  const before = Math.min(context, first.oldStart);
  const after = Math.min(context, oldLines.length - last.oldEnd);
  const oldRange = range(first.oldStart - before, last.oldEnd + after);
  const newRange = range(first.newStart - before, last.newEnd + after);
  parts.push(`@@ -${oldRange} +${newRange} @@\n`);
  let at = first.oldStart - before;
  for (const { oldStart, oldEnd, newStart, newEnd } of group) {
    appendLines(parts, " ", oldLines.slice(at, oldStart));
    appendLines(parts, "-", oldLines.slice(oldStart, oldEnd));
    appendLines(parts, "+", newLines.slice(newStart, newEnd));
    at = oldEnd;
  }
  appendLines(parts, " ", oldLines.slice(at, at + after));
}

/** A range as in diff -u: a length of 1 is not written, an empty range names the line before it. */
function range(start: number, end: number): string {
  const length = end - start;
  if (length === 1) return String(start + 1);
  return `${length === 0 ? start : start + 1},${length}`;
}

function appendLines(parts: string[], sign: string, lines: readonly string[]): void {
  for (const line of lines) {
    parts.push(sign, line);
    if (!line.endsWith("\n")) parts.push("\n\\ No newline at end of file\n");
  }
}
