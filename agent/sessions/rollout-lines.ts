// The lines of a rollout file, one after the other, in bounded memory.

import type { FileHandle } from "node:fs/promises";

/** Pictures travel in lines: 50 MiB of them are 67 MiB of base64. */
const maxLineBytes = 256 * 1024 * 1024;
const chunkBytes = 1024 * 1024;
const lineFeed = 0x0a;

export interface RolloutTextLine {
  /** without its end; undefined for one that is too long */
  readonly text: string | undefined;
  /** where in the file the next one begins */
  readonly endOffset: number;
  /** whether it ends with a line feed: the last one may not */
  readonly isWhole: boolean;
}

/** How much of a file is read; for whoever needs the beginning alone. */
export interface ReadBounds {
  readonly firstChunkBytes?: number;
  /** a line of more ends the reading: what follows it is not looked for */
  readonly lastLineBytes?: number;
}

export async function* rolloutLines(
  file: FileHandle,
  { firstChunkBytes = chunkBytes, lastLineBytes = Number.POSITIVE_INFINITY }: ReadBounds = {},
): AsyncGenerator<RolloutTextLine> {
  let offset = 0;
  let rest: Buffer[] = [];
  let restBytes = 0;
  const take = (isWhole: boolean): RolloutTextLine => {
    const text = restBytes > maxLineBytes ? undefined : Buffer.concat(rest).toString("utf8");
    offset += restBytes + (isWhole ? 1 : 0);
    rest = [];
    restBytes = 0;
    return { text, endOffset: offset, isWhole };
  };
  const keep = (part: Buffer) => {
    restBytes += part.length;
    if (restBytes > maxLineBytes) rest = [];
    else rest.push(part);
  };
  for (let size = firstChunkBytes; restBytes <= lastLineBytes; size = chunkBytes) {
    const { buffer, bytesRead } = await file.read(Buffer.allocUnsafe(size), 0, size, offset + restBytes);
    if (bytesRead === 0) break;
    const chunk = buffer.subarray(0, bytesRead);
    let start = 0;
    for (let end = chunk.indexOf(lineFeed); end !== -1; end = chunk.indexOf(lineFeed, start)) {
      keep(chunk.subarray(start, end));
      yield take(true);
      start = end + 1;
    }
    if (start < bytesRead) keep(chunk.subarray(start));
  }
  if (restBytes > 0 && restBytes <= lastLineBytes) yield take(false);
}
