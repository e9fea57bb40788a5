// A strict reader of a server's answers on one connection, as a pipelining client needs it.

export interface Answer {
  readonly status: number;
  readonly body: string;
}

export interface AnswerReader {
  readonly answers: readonly Answer[];
  /** bytes that are no complete answer yet */
  readonly rest: string;
  /** @throws {Error} for bytes that are no answer */
  push(bytes: Buffer): void;
}

/** @param isWithoutBody - tells by its place among the answers which one goes with a HEAD */
export function readAnswers(isWithoutBody: (index: number) => boolean): AnswerReader {
  const answers: Answer[] = [];
  let rest = "";
  const step = (): boolean => {
    const headEnd = rest.indexOf("\r\n\r\n");
    if (headEnd === -1) return false;
    const [statusLine = "", ...fields] = rest.slice(0, headEnd).split("\r\n");
    const status = Number(/^HTTP\/1\.1 ([1-5]\d\d) [\t\x20-\x7e]*$/.exec(statusLine)?.[1]);
    if (Number.isNaN(status)) throw new Error(`not a status line: ${JSON.stringify(statusLine)}`);
    const after = rest.slice(headEnd + 4);
    const lengths = fields.flatMap((field) => /^content-length: (\d+)$/i.exec(field)?.[1] ?? []);
    const isChunked = fields.some((field) => /^transfer-encoding: chunked$/i.test(field));
    if (status < 200 || status === 204 || isWithoutBody(answers.length)) {
      answers.push({ status, body: "" });
      rest = after;
      return true;
    }
    if (lengths.length + (isChunked ? 1 : 0) !== 1)
      throw new Error(`framing of the answer: ${fields.join(", ")}`);
    const body = isChunked ? takeChunks(after) : takeLength(after, Number(lengths[0]));
    if (body === undefined) return false;
    answers.push({ status, body: body.text });
    rest = after.slice(body.taken);
    return true;
  };
  return {
    answers,
    get rest() {
      return rest;
    },
    push: (bytes) => {
      rest += bytes.toString("latin1");
      while (step());
    },
  };
}

interface TakenBody {
  readonly text: string;
  readonly taken: number;
}

function takeLength(text: string, length: number): TakenBody | undefined {
  return text.length < length ? undefined : { text: text.slice(0, length), taken: length };
}

function takeChunks(text: string): TakenBody | undefined {
  let body = "";
  for (let at = 0; ; ) {
    const line = /^([0-9a-f]+)\r\n/i.exec(text.slice(at, at + 20));
    if (line === null) return undefined;
    const size = Number.parseInt(line[1] as string, 16);
    const from = at + line[0].length;
    if (text.length < from + size + 2) return undefined;
    body += text.slice(from, from + size);
    at = from + size + 2;
    if (size === 0) return { text: body, taken: at };
  }
}
