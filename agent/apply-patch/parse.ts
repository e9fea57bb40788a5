// The patch language, read leniently: white space around marker lines and a here-document around the whole
// are forgiven, everything else is refused with the number of the line. Throws PatchError and nothing else.

import { invalidHunk, invalidPatch } from "./errors.ts";
import type { Chunk, ChunkLine, Patch, Section } from "./patch.ts";
import { trimBoth, trimEnd } from "./white-space.ts";

const beginMarker = "*** Begin Patch";
const endMarker = "*** End Patch";
const addMarker = "*** Add File: ";
const deleteMarker = "*** Delete File: ";
const updateMarker = "*** Update File: ";
const moveMarker = "*** Move to: ";
const endOfFileMarker = "*** End of File";

const hereDocumentStarts: readonly string[] = ["<<EOF", "<<'EOF'", '<<"EOF"'];

/** Where the reading is: the next line is `lines[at]`, and its number is `at + 1`. */
interface Cursor {
  readonly lines: readonly string[];
  readonly end: number;
  at: number;
}

/**
 * Read a patch.
 *
 * @param text - the patch, possibly as a here-document with the delimiter EOF
 * @throws {PatchError} PATCH_SYNTAX
 */
export function parsePatch(text: string): Patch {
  const lines = boundaries(splitLines(trimBoth(text)));
  let end = lines.length - 1;
  // An end marker that is written twice ends the patch once.
  while (end > 1 && isMarker(lines[end - 1], endMarker)) end -= 1;
  const cursor: Cursor = { lines, end, at: 1 };
  const sections: Section[] = [];
  while (cursor.at < end) sections.push(readSection(cursor));
  return { text: lines.join("\n"), sections };
}

function splitLines(text: string): string[] {
  return text.split("\n").map((line) => (line.endsWith("\r") ? line.slice(0, -1) : line));
}

function isMarker(line: string | undefined, marker: string): boolean {
  return line !== undefined && trimBoth(line) === marker;
}

/** The lines from the begin marker to the end marker. */
function boundaries(lines: readonly string[]): readonly string[] {
  const fault = boundaryFault(lines);
  if (fault === undefined) return lines;
  const first = lines[0] ?? "";
  const last = lines.at(-1) ?? "";
  if (!(lines.length >= 4 && hereDocumentStarts.includes(first) && last.endsWith("EOF"))) {
    throw invalidPatch(fault);
  }
  const inner = lines.slice(1, -1);
  const innerFault = boundaryFault(inner);
  if (innerFault !== undefined) throw invalidPatch(innerFault);
  return inner;
}

function boundaryFault(lines: readonly string[]): string | undefined {
  const isEmpty = lines.length === 1 && lines[0] === "";
  if (!isEmpty && !isMarker(lines[0], beginMarker)) {
    return `The first line of the patch must be '${beginMarker}'`;
  }
  if (!isMarker(lines.at(-1), endMarker)) return `The last line of the patch must be '${endMarker}'`;
  return undefined;
}

function readSection(cursor: Cursor): Section {
  const header = trimBoth(cursor.lines[cursor.at] ?? "");
  const lineNumber = cursor.at + 1;
  if (header.startsWith(addMarker)) {
    cursor.at += 1;
    return { kind: "add", path: header.slice(addMarker.length), content: readAddedLines(cursor) };
  }
  if (header.startsWith(deleteMarker)) {
    cursor.at += 1;
    return { kind: "delete", path: header.slice(deleteMarker.length) };
  }
  if (header.startsWith(updateMarker)) {
    cursor.at += 1;
    return readUpdate(cursor, header.slice(updateMarker.length), lineNumber);
  }
  throw invalidHunk(
    lineNumber,
    `'${header}' is not a valid hunk header. Valid hunk headers: ` +
      `'${addMarker}{path}', '${deleteMarker}{path}', '${updateMarker}{path}'`,
  );
}

function readAddedLines(cursor: Cursor): string {
  const start = cursor.at;
  while (cursor.at < cursor.end && (cursor.lines[cursor.at] ?? "").startsWith("+")) cursor.at += 1;
  return cursor.lines
    .slice(start, cursor.at)
    .map((line) => `${line.slice(1)}\n`)
    .join("");
}

function readUpdate(cursor: Cursor, path: string, lineNumber: number): Section {
  let moveTo: string | undefined;
  const second = cursor.at < cursor.end ? trimEnd(cursor.lines[cursor.at] ?? "") : "";
  if (second.startsWith(moveMarker)) {
    moveTo = second.slice(moveMarker.length);
    cursor.at += 1;
  }
  const chunks: Chunk[] = [];
  while (cursor.at < cursor.end) {
    const line = cursor.lines[cursor.at] ?? "";
    if (trimBoth(line) === "") cursor.at += 1;
    else if (line.startsWith("***")) break;
    else chunks.push(readChunk(cursor, chunks.length === 0));
  }
  if (chunks.length === 0) throw invalidHunk(lineNumber, `Update file hunk for path '${path}' is empty`);
  return { kind: "update", path, moveTo, chunks };
}

/** The context that a chunk's header line names: "" for none, undefined when the line is no header. */
function headerContext(line: string): string | undefined {
  if (trimEnd(line) === "@@") return "";
  return line.startsWith("@@ ") ? line.slice(3) : undefined;
}

function readChunk(cursor: Cursor, mayOmitHeader: boolean): Chunk {
  const contexts = readContexts(cursor, mayOmitHeader);
  const lines: ChunkLine[] = [];
  while (cursor.at < cursor.end) {
    const line = cursor.lines[cursor.at] ?? "";
    const isAtEnd = trimEnd(line) === endOfFileMarker;
    if (isAtEnd && lines.length > 0) {
      cursor.at += 1;
      return { contexts, lines, isAtEnd: true };
    }
    const parsed = isAtEnd ? undefined : readChunkLine(line);
    if (parsed === undefined) {
      if (lines.length > 0) break;
      throw invalidHunk(cursor.at + 1, isAtEnd ? noLines : unexpectedLine(line));
    }
    lines.push(parsed);
    cursor.at += 1;
  }
  if (lines.length === 0) throw invalidHunk(cursor.at + 1, noLines);
  return { contexts, lines, isAtEnd: false };
}

const noLines = "Update hunk does not contain any lines";

function unexpectedLine(line: string): string {
  return (
    `Unexpected line found in update hunk: '${line}'. ` +
    "Every line should start with ' ' (context line), '+' (added line), or '-' (removed line)"
  );
}

function readContexts(cursor: Cursor, mayOmitHeader: boolean): string[] {
  const contexts: string[] = [];
  let headers = 0;
  for (; cursor.at < cursor.end; cursor.at += 1, headers += 1) {
    const context = headerContext(cursor.lines[cursor.at] ?? "");
    if (context === undefined) break;
    if (context !== "") contexts.push(context);
  }
  if (headers === 0 && !mayOmitHeader) {
    const line = cursor.lines[cursor.at] ?? "";
    throw invalidHunk(
      cursor.at + 1,
      `Expected update hunk to start with a @@ context marker, got: '${line}'`,
    );
  }
  return contexts;
}

function readChunkLine(line: string): ChunkLine | undefined {
  const text = line.slice(1);
  switch (line.charAt(0)) {
    case "":
      return { kind: "keep", text: "" };
    case " ":
      return { kind: "keep", text };
    case "-":
      return { kind: "remove", text };
    case "+":
      return { kind: "insert", text };
    default:
      return undefined;
  }
}
