// A compressed answer, unpacked beside its way to the client, for the tokens that it says it took. Works on
// copies in Node's thread pool; what would take too much memory or time is given up, and the answer goes on.

import zlib from "node:zlib";
import type { UsageReader } from "./token-usage.ts";

const decoders = {
  gzip: () => zlib.createGunzip(),
  "x-gzip": () => zlib.createGunzip(),
  deflate: () => zlib.createInflate(),
  br: () => zlib.createBrotliDecompress(),
} as const;

export type Coding = keyof typeof decoders;

const maxWaitingBytes = 1024 * 1024;

// Against bombs. An answer with its reasoning is a few megabytes.
const maxDecodedBytes = 64 * 1024 * 1024;

const maxEndMs = 5000;

/**
 * @param codings - in lower case
 * @returns the one coding of an answer that can be undone here, undefined for any other
 */
export function decodable(codings: readonly string[]): Coding | undefined {
  const coding = codings.length === 1 ? (codings[0] ?? "") : "";
  return Object.hasOwn(decoders, coding) ? (coding as Coding) : undefined;
}

export class DecodedAnswer {
  readonly #decoder: zlib.Gunzip | zlib.Inflate | zlib.BrotliDecompress;
  #decodedBytes = 0;
  #isOver = false;

  constructor(coding: Coding, usage: UsageReader) {
    this.#decoder = decoders[coding]();
    this.#decoder.on("error", () => this.#giveUp());
    this.#decoder.on("data", (bytes: Buffer) => {
      this.#decodedBytes += bytes.length;
      if (this.#decodedBytes > maxDecodedBytes) this.#giveUp();
      else if (!this.#isOver) usage.push(bytes);
    });
    this.#decoder.once("close", () => {
      this.#isOver = true;
    });
  }

  push(chunk: Buffer): void {
    if (this.#isOver) return;
    if (this.#decoder.writableLength > maxWaitingBytes) this.#giveUp();
    else this.#decoder.write(Buffer.from(chunk));
  }

  /** @param onEnd - called once, when all that can be read has been read */
  end(onEnd: () => void): void {
    if (this.#isOver) {
      onEnd();
      return;
    }
    const timer = setTimeout(() => this.#giveUp(), maxEndMs);
    timer.unref();
    this.#decoder.once("close", () => {
      clearTimeout(timer);
      onEnd();
    });
    this.#decoder.end();
  }

  #giveUp(): void {
    this.#isOver = true;
    this.#decoder.destroy();
  }
}
