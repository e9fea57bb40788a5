// A file as lines, each with the ending that it has, so that lines nobody changed come out byte for byte.

/** What ends a line; "" only for a last line without one. */
export type LineEnding = "\n" | "\r\n" | "";

export interface SourceLine {
  readonly text: string;
  readonly ending: LineEnding;
}

/** A file's text in parts. */
export interface SourceText {
  readonly byteOrderMark: string;
  readonly lines: readonly SourceLine[];
  /** the ending of the file's first line: lines that are put in get it */
  readonly preferredEnding: "\n" | "\r\n";
}

const mark = "\ufeff";

/** @param keepsMarkInLine - a byte order mark stays part of the first line */
export function splitSource(content: string, keepsMarkInLine: boolean): SourceText {
  const byteOrderMark = !keepsMarkInLine && content.startsWith(mark) ? mark : "";
  const lines: SourceLine[] = [];
  let start = byteOrderMark.length;
  while (start < content.length) {
    const newline = content.indexOf("\n", start);
    if (newline < 0) {
      lines.push({ text: content.slice(start), ending: "" });
      break;
    }
    const isCrLf = newline > start && content.charAt(newline - 1) === "\r";
    lines.push({
      text: content.slice(start, isCrLf ? newline - 1 : newline),
      ending: isCrLf ? "\r\n" : "\n",
    });
    start = newline + 1;
  }
  return { byteOrderMark, lines, preferredEnding: lines[0]?.ending === "\r\n" ? "\r\n" : "\n" };
}

/** The file again; its last line is given an ending if it has none. */
export function joinSource(source: SourceText): string {
  const parts = [source.byteOrderMark];
  for (const { text, ending } of source.lines) parts.push(text, ending || source.preferredEnding);
  return parts.join("");
}
