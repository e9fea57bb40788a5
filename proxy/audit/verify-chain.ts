// Reads an audit log with a hash chain from its beginning to its end, and finds whatever was changed, moved,
// put in, taken out or cut off.

import fs from "node:fs";
import { type ChainHead, chainStart, readChainedLine } from "./audit-chain.ts";

export interface Finding {
  readonly file: string;
  /** from 1 */
  readonly line: number;
  readonly message: string;
}

export interface Verification {
  readonly findings: readonly Finding[];
  readonly records: number;
  readonly requests: number;
  /** of the last record, whether or not it can be trusted */
  readonly head: ChainHead | undefined;
}

export interface VerifyOptions {
  /** the hash of a record that must be there: what the proxy said last, or says now */
  readonly head?: string | undefined;
  /** the hash of the record before the first one, where older files are not at hand */
  readonly after?: string | undefined;
  /** whether a start after a record that is no end is no finding: the proxy was killed */
  readonly acceptsKills?: boolean;
}

const maxFindings = 20;
const chunkBytes = 1024 * 1024;
const maxLineBytes = 64 * 1024;

/**
 * Verify files that follow on each other, the oldest first.
 *
 * @throws {NodeJS.ErrnoException} for a file that cannot be read
 */
export function verifyChain(files: readonly string[], options: VerifyOptions = {}): Verification {
  const reading = new ChainReading(options);
  for (const line of linesOf(files)) {
    reading.take(line);
    if (reading.findings.length >= maxFindings) break;
  }
  reading.end(files.at(-1) ?? "");
  return reading;
}

interface Line {
  readonly file: string;
  readonly line: number;
  readonly bytes: Buffer;
  readonly isFinished: boolean;
}

class ChainReading implements Verification {
  readonly findings: Finding[] = [];
  records = 0;
  requests = 0;
  head: ChainHead | undefined;
  readonly #options: VerifyOptions;
  #last: Line | undefined;
  #lastEvent: unknown;
  #hasSeenHead = false;

  constructor(options: VerifyOptions) {
    this.#options = options;
  }

  take(line: Line): void {
    this.#last = line;
    const record = line.isFinished ? readChainedLine(line.bytes) : undefined;
    if (record === undefined) {
      this.#find(line.isFinished ? "it is no record of a chain" : "it ends in the middle of a record");
      return;
    }
    if (!record.isIntact) this.#find(`record ${record.seq} was changed: its hash is not that of its text`);
    else if (this.findings.length === 0 || this.head !== undefined) this.#checkPlace(record.seq, record.prev);
    const { event } = record.record;
    this.#checkEvent(record.seq, event);
    this.records++;
    if (event === "request") this.requests++;
    this.#lastEvent = event;
    this.head = { seq: record.seq, hash: record.hash };
    if (record.isIntact && record.hash === this.#options.head) this.#hasSeenHead = true;
  }

  end(file: string): void {
    this.#last ??= { file, line: 1, bytes: Buffer.alloc(0), isFinished: true };
    if (this.findings.length >= maxFindings) return;
    const { head } = this.#options;
    if (head !== undefined && !this.#hasSeenHead) {
      this.#find(
        `the record with the hash ${head} is missing: the log was cut behind this line, or is another`,
      );
    } else if (head === undefined && this.head === undefined) {
      this.#find("it has no records");
    } else if (head === undefined && this.#lastEvent !== "end") {
      this.#find(
        "it has no end: the proxy runs, was killed, or the log was cut behind this line; " +
          "--head, --admin-socket or --server-info tell which",
      );
    }
  }

  #checkPlace(seq: number, prev: string): void {
    const { after } = this.#options;
    if (this.head === undefined && after !== undefined) {
      if (prev !== after) this.#find(`record ${seq} does not follow the record with the hash ${after}`);
      return;
    }
    const before = this.head ?? chainStart;
    if (prev === before.hash && seq === before.seq + 1) return;
    if (this.head === undefined) {
      this.#find(
        `it begins with record ${seq}: what was before is missing; give the older files first, or --after HASH`,
      );
    } else if (seq === chainStart.seq + 1 && prev === chainStart.hash) {
      this.#find(
        `a new chain begins behind record ${before.seq}: at that start the log was empty or gone, and what was there is not proven whole`,
      );
    } else if (seq > before.seq + 1) {
      this.#find(`records ${before.seq + 1} to ${seq - 1} are missing before it`);
    } else if (seq <= before.seq) {
      this.#find(`record ${seq} stands behind record ${before.seq}: moved, repeated, or of another log`);
    } else {
      this.#find(`record ${seq} does not follow the record before it: one of the two was replaced`);
    }
  }

  #checkEvent(seq: number, event: unknown): void {
    const isFirst = this.#lastEvent === undefined;
    if (event === "start") {
      const isClean = isFirst || this.#lastEvent === "end" || this.#options.acceptsKills === true;
      if (!isClean) {
        this.#find(
          `record ${seq} is a start without an end before it: the proxy was killed, or the log was cut there`,
        );
      }
      return;
    }
    if (this.#lastEvent === "end") this.#find(`record ${seq} comes after the end without a start`);
    if (isFirst && this.records === 0 && this.#options.after === undefined && seq === 1) {
      this.#find("the first record is no start");
    }
  }

  #find(message: string): void {
    const { file, line } = this.#last as Line;
    this.findings.push({ file, line, message });
  }
}

/** Lines as if the files were one: a record may begin in one and end in the next. */
function* linesOf(files: readonly string[]): Generator<Line> {
  let rest: Buffer = Buffer.alloc(0);
  let line = 0;
  let file = "";
  const chunk = Buffer.alloc(chunkBytes);
  for (file of files) {
    line = 0;
    const fd = fs.openSync(file, fs.constants.O_RDONLY | fs.constants.O_NONBLOCK);
    try {
      for (;;) {
        const read = fs.readSync(fd, chunk);
        if (read === 0) break;
        let bytes = Buffer.concat([rest, chunk.subarray(0, read)]);
        for (let end = bytes.indexOf(0x0a); end !== -1; end = bytes.indexOf(0x0a)) {
          yield { file, line: ++line, bytes: bytes.subarray(0, end), isFinished: true };
          bytes = bytes.subarray(end + 1);
        }
        // More is no record, whatever follows.
        if (bytes.length > maxLineBytes) {
          yield { file, line: ++line, bytes, isFinished: false };
          return;
        }
        rest = bytes;
      }
    } finally {
      fs.closeSync(fd);
    }
  }
  if (rest.length > 0) yield { file, line: line + 1, bytes: rest, isFinished: false };
}
