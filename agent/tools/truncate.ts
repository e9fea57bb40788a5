// What the model gets to read of a long output: its beginning and its end, cut at lines and at characters,
// with a note of what is missing. Whoever watches gets all of it.

const maxBytes = 10 * 1024;
const maxHeadBytes = maxBytes / 2;
const maxHalfLines = 128;

const lineFeed = 0x0a;

export interface TruncatedOutput {
  /** at most 10 KiB and 256 lines, and the note */
  readonly text: string;
  /** of the whole output; a last line without its end counts */
  readonly totalLines: number;
  readonly isTruncated: boolean;
}

/**
 * Cut an output to what the model reads.
 *
 * @param missingLines - how many more lines there were, between beginning and end, that `output` has not
 */
export function truncateOutput(output: string, missingLines = 0): TruncatedOutput {
  const bytes = Buffer.from(output, "utf8");
  const totalLines = countLines(bytes) + missingLines;
  if (bytes.length <= maxBytes && totalLines <= 2 * maxHalfLines) {
    return { text: output, totalLines, isTruncated: false };
  }
  const omitted = Math.max(0, totalLines - 2 * maxHalfLines);
  const note =
    omitted > 0
      ? `\n[... omitted ${omitted} of ${totalLines} lines ...]\n\n`
      : `\n[... output truncated to fit ${maxBytes} bytes ...]\n\n`;
  const first = firstBytes(bytes.subarray(0, endOfHead(bytes)), maxHeadBytes);
  const rest = bytes.subarray(Math.max(first.length, omitted > 0 ? startOfTail(bytes) : 0));
  const last = lastBytes(rest, maxBytes - first.length - note.length);
  return { text: `${first}${note}${last}`, totalLines, isTruncated: true };
}

/** The beginning of a text of UTF-8, no longer than `limit` and not cut inside a character. */
export function firstBytes(bytes: Buffer, limit: number): Buffer {
  let end = Math.min(limit, bytes.length);
  while (end > 0 && end < bytes.length && isContinuation(bytes[end])) end -= 1;
  return bytes.subarray(0, end);
}

/** The end of a text of UTF-8, no longer than `limit` and not cut inside a character. */
export function lastBytes(bytes: Buffer, limit: number): Buffer {
  let start = Math.max(0, bytes.length - limit);
  while (start > 0 && start < bytes.length && isContinuation(bytes[start])) start += 1;
  return bytes.subarray(start);
}

function isContinuation(byte: number | undefined): boolean {
  return byte !== undefined && (byte & 0xc0) === 0x80;
}

function countLines(bytes: Buffer): number {
  let count = bytes.length > 0 && bytes[bytes.length - 1] !== lineFeed ? 1 : 0;
  for (let at = bytes.indexOf(lineFeed); at !== -1; at = bytes.indexOf(lineFeed, at + 1)) count += 1;
  return count;
}

function endOfHead(bytes: Buffer): number {
  let end = 0;
  for (let line = 0; line < maxHalfLines; line += 1) {
    const at = bytes.indexOf(lineFeed, end);
    if (at === -1) return bytes.length;
    end = at + 1;
  }
  return end;
}

function startOfTail(bytes: Buffer): number {
  let start = bytes.length;
  for (let line = 0; line < maxHalfLines; line += 1) {
    // The line feed in front of `start` ends the line that is looked for.
    const at = start < 2 ? -1 : bytes.lastIndexOf(lineFeed, start - 2);
    if (at === -1) return 0;
    start = at + 1;
  }
  return start;
}
