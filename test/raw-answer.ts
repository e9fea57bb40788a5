// Reads an answer off raw bytes as RFC 9112 has it and says whether it is whole. Stricter than any
// client, and without its kindness: what is not exactly well-formed is an error here.

/** How a connection has ended so far, as its reader saw it. */
export type Ending = "open" | "closed" | "reset";

export interface Answer {
  readonly version: string;
  readonly status: number;
  readonly reason: string;
  /** in their order, names as they came */
  readonly headers: readonly (readonly [name: string, value: string])[];
  /** what has arrived of it, chunks joined */
  readonly body: string;
  readonly trailers: readonly (readonly [name: string, value: string])[];
  /** true when nothing is missing: by its framing, or by the orderly close that ends it */
  readonly isWhole: boolean;
}

export interface Answers {
  /** with a status below 200 */
  readonly interim: readonly Answer[];
  readonly final: Answer | undefined;
  /** what stands behind the final answer */
  readonly rest: string;
}

interface Body {
  readonly body: string;
  readonly trailers: Answer["trailers"];
  readonly isWhole: boolean;
  readonly rest: string;
}

/**
 * Read the interim answers and the first final one.
 *
 * @param text - what arrived, as latin1
 * @throws {SyntaxError} for bytes that are no well-formed HTTP/1.1 answer
 */
export function readAnswers(text: string, ending: Ending): Answers {
  const interim: Answer[] = [];
  let rest = text;
  for (;;) {
    const end = rest.indexOf("\r\n\r\n");
    if (end === -1) return { interim, final: undefined, rest };
    const [line = "", ...lines] = rest.slice(0, end).split("\r\n");
    const start = /^(HTTP\/1\.[01]) (\d{3}) ([\t\x20-\x7e\x80-\xff]*)$/.exec(line);
    if (start === null) throw new SyntaxError(`not a status line: ${JSON.stringify(line)}`);
    const [, version = "", digits, reason = ""] = start;
    const status = Number(digits);
    const headers = lines.map(readField);
    const body = readBody(status, headers, rest.slice(end + 4), ending);
    const answer = { version, status, reason, headers, ...withoutRest(body) };
    if (status >= 200) return { interim, final: answer, rest: body.rest };
    interim.push(answer);
    rest = body.rest;
  }
}

/** The values of one field, by its name in lower case. */
export function valuesOf(fields: Answer["headers"], name: string): string[] {
  return fields.filter(([field]) => field.toLowerCase() === name).map(([, value]) => value);
}

function withoutRest({ body, trailers, isWhole }: Body): Omit<Body, "rest"> {
  return { body, trailers, isWhole };
}

function readField(line: string): readonly [string, string] {
  const field = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+):[\t ]*([\t\x20-\x7e\x80-\xff]*?)[\t ]*$/.exec(line);
  if (field === null) throw new SyntaxError(`not a field line: ${JSON.stringify(line.slice(0, 200))}`);
  return [field[1] ?? "", field[2] ?? ""];
}

function readBody(status: number, headers: Answer["headers"], text: string, ending: Ending): Body {
  if (status < 200 || status === 204 || status === 304) {
    return { body: "", trailers: [], isWhole: true, rest: text };
  }
  const codings = valuesOf(headers, "transfer-encoding");
  const lengths = valuesOf(headers, "content-length");
  if (codings.length + lengths.length > 1) throw new SyntaxError("the answer is framed twice");
  if (codings.length === 1) {
    if (codings[0] !== "chunked") throw new SyntaxError(`unknown transfer coding ${codings[0]}`);
    return readChunks(text);
  }
  if (lengths.length === 1) {
    if (!/^\d+$/.test(lengths[0] ?? "")) throw new SyntaxError(`not a length: ${lengths[0]}`);
    const length = Number(lengths[0]);
    return {
      body: text.slice(0, length),
      trailers: [],
      isWhole: text.length >= length,
      rest: text.slice(length),
    };
  }
  return { body: text, trailers: [], isWhole: ending === "closed", rest: "" };
}

function readChunks(text: string): Body {
  let body = "";
  let at = 0;
  const cut = () => ({ body, trailers: [], isWhole: false, rest: "" });
  for (;;) {
    const end = text.indexOf("\r\n", at);
    if (end === -1) return cut();
    const line = text.slice(at, end);
    if (!/^[0-9A-Fa-f]{1,8}$/.test(line)) throw new SyntaxError(`not a chunk size: ${JSON.stringify(line)}`);
    const size = Number.parseInt(line, 16);
    at = end + 2;
    if (size === 0) break;
    body += text.slice(at, at + size);
    at += size;
    if (text.length < at + 2) return cut();
    if (text.slice(at, at + 2) !== "\r\n") throw new SyntaxError("a chunk is longer than its size");
    at += 2;
  }
  const trailers: (readonly [string, string])[] = [];
  for (;;) {
    const end = text.indexOf("\r\n", at);
    if (end === -1) return cut();
    const line = text.slice(at, end);
    at = end + 2;
    if (line === "") return { body, trailers, isWhole: true, rest: text.slice(at) };
    trailers.push(readField(line));
  }
}
