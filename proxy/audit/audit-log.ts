// The audit log while the proxy serves. What ends in one turn of the event loop is written when the turn is
// over, in whole lines: a record that was written stays, also through a SIGKILL. Where records cannot be
// written they are kept, and no new request is let in until they could: fail closed.

import { type ChainHead, chainRecord } from "./audit-chain.ts";

/** Where the records go. */
export interface AuditSink {
  /**
   * Write the beginning of `lines`, at once.
   *
   * @returns how many bytes were written; the rest is given again, before anything else
   * @throws {NodeJS.ErrnoException} where nothing could be; EAGAIN asks for a little patience
   */
  write(lines: Buffer): number;
  /** most bytes of one write, as far as whole lines fit */
  readonly maxWriteBytes?: number;
  /** what is written for a record, alone in its write; default its line */
  encode?(record: object, line: string): Buffer;
}

export interface AuditLogSetup {
  readonly sink: AuditSink;
  /** the head after which the chain goes on; undefined for no chain */
  readonly chain: ChainHead | undefined;
  /** @param reason - the system's code; undefined when records are written again */
  readonly onTrouble: (reason: string | undefined) => void;
}

const retryIntervalMs = 250;

// A journal or a reader of stderr that does not keep up for a moment is no trouble yet.
const busyRetryMs = 10;
const maxBusyMs = 1000;

const usualWriteBytes = 1024 * 1024;

// Records of requests that were under way when the trouble began: a few hundred bytes each.
const maxWaitingBytes = 32 * 1024 * 1024;

interface Waiting {
  bytes: Buffer;
  /** the head of the chain after it */
  readonly head: ChainHead | undefined;
}

export class AuditLog {
  readonly #setup: AuditLogSetup;
  #head: ChainHead | undefined;
  #writtenHead: ChainHead | undefined;
  #waiting: Waiting[] = [];
  #waitingBytes = 0;
  #lost = 0;
  #isScheduled = false;
  #trouble: string | undefined;
  /** why the last write failed */
  #reason: string | undefined;
  #busySinceMs: number | undefined;
  #failures = 0;
  #retry: NodeJS.Timeout | undefined;

  constructor(setup: AuditLogSetup) {
    this.#setup = setup;
    this.#head = setup.chain;
    this.#writtenHead = setup.chain;
  }

  /** whether records wait that cannot be written */
  get isFailing(): boolean {
    return this.#trouble !== undefined;
  }

  /** writes that failed so far */
  get failures(): number {
    return this.#failures;
  }

  /** of the last record that was written; undefined without a chain */
  get head(): ChainHead | undefined {
    return this.#writtenHead;
  }

  /** Add a record. It is written at the end of this turn of the event loop. */
  append(record: object): void {
    if (this.#waitingBytes > maxWaitingBytes) {
      this.#lost++;
      return;
    }
    if (this.#lost > 0) this.#add({ time: new Date().toISOString(), event: "lost", count: this.#lost });
    this.#lost = 0;
    this.#add(record);
    if (this.#isScheduled || this.#retry !== undefined) return;
    this.#isScheduled = true;
    setImmediate(() => {
      this.#isScheduled = false;
      if (this.#retry === undefined) this.flush();
    });
  }

  /** Write what waits, as far as that is possible now. */
  flush(): void {
    try {
      while (this.#waiting.length > 0) this.#writeSome();
    } catch (error) {
      this.#tryAgain((error as NodeJS.ErrnoException).code ?? "unknown error");
      return;
    }
    clearTimeout(this.#retry);
    this.#retry = undefined;
    this.#busySinceMs = undefined;
    if (this.#trouble === undefined) return;
    this.#trouble = undefined;
    this.#setup.onTrouble(undefined);
  }

  /**
   * The process ends: write what waits, with a little patience for a reader that is busy.
   *
   * @returns records that are lost
   */
  finish(): number {
    const deadlineMs = performance.now() + maxBusyMs;
    const pause = new Int32Array(new SharedArrayBuffer(4));
    for (this.flush(); this.#isBusy && performance.now() < deadlineMs; this.flush()) {
      Atomics.wait(pause, 0, 0, busyRetryMs);
    }
    return this.#waiting.length + this.#lost;
  }

  get #isBusy(): boolean {
    return this.#waiting.length > 0 && this.#reason === "EAGAIN";
  }

  #tryAgain(reason: string): void {
    this.#reason = reason;
    this.#busySinceMs ??= performance.now();
    const isBusy = reason === "EAGAIN" && performance.now() - this.#busySinceMs < maxBusyMs;
    clearTimeout(this.#retry);
    this.#retry = setTimeout(() => this.flush(), isBusy ? busyRetryMs : retryIntervalMs).unref();
    if (isBusy) return;
    this.#failures++;
    const isNew = this.#trouble === undefined;
    this.#trouble = reason;
    if (isNew) this.#setup.onTrouble(reason);
  }

  #add(record: object): void {
    let line: string;
    if (this.#head === undefined) {
      line = JSON.stringify(record);
    } else {
      const chained = chainRecord(this.#head, record);
      line = chained.line;
      this.#head = chained.head;
    }
    const bytes = this.#setup.sink.encode?.(record, line) ?? Buffer.from(`${line}\n`);
    this.#waiting.push({ bytes, head: this.#head });
    this.#waitingBytes += bytes.length;
  }

  // After a short write the rest of that line comes first, whatever happened meanwhile.
  #writeSome(): void {
    const { sink } = this.#setup;
    const limit = sink.encode === undefined ? (sink.maxWriteBytes ?? usualWriteBytes) : 0;
    let count = 0;
    let bytes = 0;
    for (const waiting of this.#waiting) {
      if (count > 0 && bytes + waiting.bytes.length > limit) break;
      bytes += waiting.bytes.length;
      count++;
    }
    const taken = this.#waiting.slice(0, count).map((waiting) => waiting.bytes);
    let written = sink.write(count === 1 ? (taken[0] as Buffer) : Buffer.concat(taken));
    if (written === 0) throw Object.assign(new Error("nothing was written"), { code: "EAGAIN" });
    this.#waitingBytes -= written;
    let whole = 0;
    for (const waiting of this.#waiting) {
      if (written < waiting.bytes.length) {
        waiting.bytes = waiting.bytes.subarray(written);
        break;
      }
      written -= waiting.bytes.length;
      this.#writtenHead = waiting.head;
      whole++;
    }
    this.#waiting.splice(0, whole);
  }
}
