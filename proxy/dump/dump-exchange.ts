// One forwarded request as two files: what was sent upstream, and what came back. In the form of the
// original, but written while it flows; the key is taken out of every byte on its way here.

import { EchoMask } from "../../hardening/echo-mask.ts";
import type { Secret } from "../../hardening/secret.ts";
import type { ExchangeObserver } from "../exchange-observer.ts";
import type { DumpFile } from "./dump-disk.ts";
import { DumpedBody } from "./dumped-body.ts";
import { dumpedHeaders } from "./dumped-headers.ts";

export interface ExchangeFiles {
  createRequest(): DumpFile;
  createResponse(): DumpFile;
  /** the dump fails: no file of this exchange is written any more */
  giveUp(reason: string): void;
  /** both files have ended, or there will be no second */
  onEnd(): void;
}

export class DumpedExchange implements ExchangeObserver {
  readonly #files: ExchangeFiles;
  readonly #secret: Secret;
  #request: DumpedMessage | undefined;
  #response: DumpedMessage | undefined;
  #hasRequestEnded = false;
  #hasResponseEnded = false;

  constructor(files: ExchangeFiles, secret: Secret) {
    this.#files = files;
    this.#secret = secret;
  }

  requestHead(method: string, url: string, rawHeaders: readonly string[]): void {
    this.#try(() => {
      const head = { method, url, headers: dumpedHeaders(rawHeaders) };
      this.#request = new DumpedMessage(this.#files.createRequest(), this.#secret, head, false);
    });
  }

  requestData(chunk: Buffer): void {
    this.#try(() => this.#request?.push(chunk));
  }

  requestEnd(isComplete: boolean): void {
    if (this.#hasRequestEnded) return;
    this.#hasRequestEnded = true;
    this.#try(() => this.#request?.end(isComplete));
    if (this.#hasResponseEnded) this.#files.onEnd();
  }

  responseHead(status: number, rawHeaders: readonly string[]): void {
    this.#try(() => {
      const head = { status, headers: dumpedHeaders(rawHeaders) };
      const file = this.#files.createResponse();
      this.#response = new DumpedMessage(file, this.#secret, head, isEventStream(rawHeaders));
    });
  }

  responseData(chunk: Buffer): void {
    this.#try(() => this.#response?.push(chunk));
  }

  failed(): void {} // the missing end tells it

  responseEnd(isComplete: boolean): void {
    if (this.#hasResponseEnded) return;
    this.#hasResponseEnded = true;
    this.#try(() => this.#response?.end(isComplete));
    if (this.#hasRequestEnded) this.#files.onEnd();
  }

  // Whatever goes wrong here is the dump's misfortune and nobody else's.
  #try(step: () => void): void {
    try {
      step();
    } catch (error) {
      this.#files.giveUp((error as Error).name);
    }
  }
}

/** A file of one JSON object: the head's members, `body`, and what else there is to say of it. */
class DumpedMessage {
  readonly #file: DumpFile;
  readonly #mask: EchoMask;
  readonly #body: DumpedBody;

  constructor(file: DumpFile, secret: Secret, head: object, isText: boolean) {
    this.#file = file;
    this.#mask = new EchoMask(secret);
    const text = Buffer.from(JSON.stringify(head, null, 2).replace(/\n\}$/, ',\n  "body": '));
    this.#write(this.#mask.whole(text));
    this.#body = new DumpedBody(isText, (piece) => this.#write(piece));
  }

  push(chunk: Buffer): void {
    this.#body.push(this.#mask.push(Buffer.from(chunk))); // a copy: it is masked in place
  }

  end(isComplete: boolean): void {
    const held = this.#mask.end();
    if (held !== undefined) this.#body.push(held);
    this.#body.end();
    this.#write(`${isComplete ? "" : ',\n  "complete": false'}\n}\n`);
    this.#file.end();
  }

  #write(piece: Buffer | string): void {
    this.#file.append(typeof piece === "string" ? Buffer.from(piece) : piece);
  }
}

function isEventStream(rawHeaders: readonly string[]): boolean {
  return rawHeaders.some(
    (value, index) =>
      index % 2 === 1 &&
      rawHeaders[index - 1]?.toLowerCase() === "content-type" &&
      /^text\/event-stream\b/i.test(value),
  );
}
