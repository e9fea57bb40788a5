// What an update section makes of a file's text. Kept lines come from the file, not from the patch, so that
// a patch that was matched leniently changes only what it says it changes.

import { PatchError } from "./errors.ts";
import type { Chunk, ChunkLine } from "./patch.ts";
import { SeekableLines } from "./seek.ts";
import { joinSource, type SourceLine, splitSource } from "./source-text.ts";

/** Where a chunk goes: its kept and removed lines are those from `at` on. */
interface Placed {
  readonly at: number;
  readonly lines: readonly ChunkLine[];
}

/** What errors call the file: as the patch has it, and absolute. */
export interface FileNames {
  readonly written: string;
  readonly absolute: string;
}

/**
 * Apply the chunks of one update section.
 *
 * @returns the new text, which ends with a line ending unless it is empty
 * @throws {PatchError} PATCH_CONTEXT or PATCH_LINES for the first chunk that has no place
 */
export function editText(content: string, chunks: readonly Chunk[], names: FileNames): string {
  const source = splitSource(content, namesByteOrderMark(chunks));
  const seekable = new SeekableLines(source.lines.map((line) => line.text));
  const placed: Placed[] = [];
  let cursor = 0;
  for (const chunk of chunks) {
    cursor = seekContexts(seekable, chunk, cursor, names);
    const found = place(seekable, chunk, cursor, names);
    placed.push(found);
    if (takesLines(found.lines)) cursor = found.at + countTaken(found.lines);
  }
  // An insertion at the end may come before an edit further up; the order of equal places is kept.
  placed.sort((left, right) => left.at - right.at);
  const lines = rebuild(source.lines, placed, source.preferredEnding);
  return joinSource({ ...source, lines });
}

function namesByteOrderMark(chunks: readonly Chunk[]): boolean {
  return chunks.some(
    (chunk) =>
      chunk.contexts.some((context) => context.startsWith("\ufeff")) ||
      chunk.lines.some((line) => line.kind !== "insert" && line.text.startsWith("\ufeff")),
  );
}

function seekContexts(seekable: SeekableLines, chunk: Chunk, from: number, names: FileNames): number {
  let cursor = from;
  for (const context of chunk.contexts) {
    const found = seekable.find([context], cursor);
    if (found === undefined) {
      const text = `Failed to find context '${context}' in `;
      throw new PatchError("PATCH_CONTEXT", text + names.written, text + names.absolute);
    }
    cursor = found + 1;
  }
  return cursor;
}

function place(seekable: SeekableLines, chunk: Chunk, from: number, names: FileNames): Placed {
  if (!takesLines(chunk.lines)) return { at: seekable.length, lines: chunk.lines };
  const wanted = takenTexts(chunk.lines);
  const at = seekable.find(wanted, from, chunk.isAtEnd);
  if (at !== undefined) return { at, lines: chunk.lines };
  if (wanted.at(-1) === "") {
    // The blank line may stand for the end of the file, which has no line of its own.
    const shorter = withoutLastBlank(chunk.lines);
    const retried = seekable.find(takenTexts(shorter), from, chunk.isAtEnd);
    if (retried !== undefined) return { at: retried, lines: shorter };
  }
  const lines = wanted.join("\n");
  throw new PatchError(
    "PATCH_LINES",
    `Failed to find expected lines in ${names.written}:\n${lines}`,
    `Failed to find expected lines in ${names.absolute}:\n${lines}`,
  );
}

function takesLines(lines: readonly ChunkLine[]): boolean {
  return lines.some((line) => line.kind !== "insert");
}

function takenTexts(lines: readonly ChunkLine[]): string[] {
  return lines.filter((line) => line.kind !== "insert").map((line) => line.text);
}

function countTaken(lines: readonly ChunkLine[]): number {
  return lines.reduce((count, line) => (line.kind === "insert" ? count : count + 1), 0);
}

/** The chunk without its last line of the old text, and without the last of the new text if that is blank. */
function withoutLastBlank(lines: readonly ChunkLine[]): ChunkLine[] {
  const shorter = [...lines];
  const lastOld = shorter.findLastIndex((line) => line.kind !== "insert");
  const isKept = shorter[lastOld]?.kind === "keep";
  shorter.splice(lastOld, 1, ...(isKept ? [{ kind: "insert", text: "" } as const] : []));
  const lastNew = shorter.findLastIndex((line) => line.kind !== "remove");
  if (shorter[lastNew]?.text === "") {
    const isStillOld = shorter[lastNew].kind === "keep";
    shorter.splice(lastNew, 1, ...(isStillOld ? [{ kind: "remove", text: "" } as const] : []));
  }
  return shorter;
}

function rebuild(
  lines: readonly SourceLine[],
  placed: readonly Placed[],
  ending: "\n" | "\r\n",
): SourceLine[] {
  const rebuilt: SourceLine[] = [];
  let taken = 0;
  const keepUpTo = (end: number): void => {
    for (; taken < end; taken += 1) {
      const line = lines[taken];
      if (line !== undefined) rebuilt.push(line);
    }
  };
  for (const { at, lines: changes } of placed) {
    keepUpTo(at);
    for (const change of changes) {
      if (change.kind === "insert") rebuilt.push({ text: change.text, ending });
      else if (change.kind === "keep") keepUpTo(taken + 1);
      else taken += 1;
    }
  }
  keepUpTo(lines.length);
  return rebuilt;
}
