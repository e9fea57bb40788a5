// Server-sent events, as the HTML standard reads them: lines that end in LF, CR or CRLF, comments, fields
// in any order, any chunking. Of each event only its data goes on; its kind stands in the JSON as well.

import { ModelError } from "./errors.ts";

/** An event is kept in memory until it is whole: images and encrypted reasoning can be large. */
const maxEventChars = 128 * 1024 * 1024;

/**
 * Split a stream into the data of its events.
 *
 * @throws {ModelError} MODEL_STREAM for an event of more than `limitChars`
 */
export async function* eventData(
  chunks: AsyncIterable<Uint8Array>,
  limitChars = maxEventChars,
): AsyncGenerator<string> {
  let data: string[] = [];
  let heldChars = 0;
  for await (const line of lines(chunks, limitChars)) {
    if (line === "") {
      if (data.length > 0) yield data.join("\n");
      data = [];
      heldChars = 0;
      continue;
    }
    const [field, value] = splitField(line);
    if (field !== "data") continue;
    data.push(value);
    heldChars += value.length + 1;
    requireHoldable(heldChars, limitChars);
  }
  // The standard drops an event without its blank line; some servers leave the last one out.
  if (data.length > 0) yield data.join("\n");
}

function requireHoldable(chars: number, limitChars: number): void {
  if (chars > limitChars) throw new ModelError("MODEL_STREAM", "an event of the stream is too large");
}

function splitField(line: string): readonly [field: string, value: string] {
  const colon = line.indexOf(":");
  if (colon < 0) return [line, ""];
  const start = line[colon + 1] === " " ? colon + 2 : colon + 1;
  return [line.slice(0, colon), line.slice(start)];
}

// Pieces of a line are joined once, at its end: an event of many chunks costs no more than its length.
async function* lines(chunks: AsyncIterable<Uint8Array>, limitChars: number): AsyncGenerator<string> {
  const decoder = new TextDecoder(); // drops a byte order mark at the start
  let pieces: string[] = [];
  let heldChars = 0;
  let endedWithCr = false;
  for await (const chunk of chunks) {
    let text = decoder.decode(chunk, { stream: true });
    if (text === "") continue;
    if (endedWithCr && text.startsWith("\n")) text = text.slice(1);
    endedWithCr = text.endsWith("\r");
    let start = 0;
    for (const { index, 0: end } of text.matchAll(/\r\n|\n|\r/g)) {
      pieces.push(text.slice(start, index));
      yield pieces.length === 1 ? (pieces[0] as string) : pieces.join("");
      pieces = [];
      heldChars = 0;
      start = index + end.length;
    }
    if (start === text.length) continue;
    pieces.push(text.slice(start));
    heldChars += text.length - start;
    requireHoldable(heldChars, limitChars);
  }
  const rest = pieces.join("") + decoder.decode();
  if (rest !== "") yield rest;
}
