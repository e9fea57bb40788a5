// The upstream's answer on its way to the client. What one read from the upstream brought leaves in one
// write, in the same tick: the head with the first bytes, or one chunk with its framing. Node's own
// framing would take four buffers and a later tick for each event.

import type { ServerResponse } from "node:http";
import type { Socket } from "node:net";

const maxCopiedBytes = 4096;

/** Writes an answer, in pieces that are gathered until {@link AnswerStream.flush}. */
export class AnswerStream {
  readonly #response: ServerResponse;
  readonly #onDrain: () => void;
  #head: (() => void) | undefined;
  #pieces: Buffer[] = [];
  #isHeadSent = false;
  #isEnded = false;
  #waitsForDrain = false;

  /** @param onDrain - called when a client that did not keep up takes more again */
  constructor(response: ServerResponse, onDrain: () => void) {
    this.#response = response;
    this.#onDrain = () => {
      this.#waitsForDrain = false;
      onDrain();
    };
  }

  /** whether anything has been sent that a client can see */
  get isBegun(): boolean {
    return this.#isHeadSent;
  }

  /** @param headers - name, value, name, value, … */
  begin(statusCode: number, phrase: string, headers: readonly string[]): void {
    this.#head = () => this.#response.writeHead(statusCode, phrase, headers as string[]);
  }

  add(piece: Buffer): void {
    this.#pieces.push(piece);
  }

  /**
   * End the answer and write what is left of it.
   *
   * @param trailers - name and value each; dropped where the framing has no place for them
   */
  end(trailers: readonly (readonly [string, string])[]): void {
    this.#isEnded = true;
    this.#makeHead();
    if (trailers.length > 0 && this.#response.chunkedEncoding) {
      this.#response.addTrailers(trailers as [string, string][]);
    }
    this.flush();
  }

  /**
   * Write what has been gathered.
   *
   * @throws {Error} for a head that HTTP/1.1 cannot carry; nothing was written then
   * @returns false where the client does not keep up and `onDrain` will be called
   */
  flush(): boolean {
    const response = this.#response;
    const { socket } = response;
    const pieces = this.#pieces;
    if (pieces.length > 0) this.#pieces = [];
    if (socket === null || socket.destroyed) return true;
    this.#makeHead();

    if (!this.#isHeadSent && this.#isEnded) {
      this.#isHeadSent = true;
      response.end(pieces.length === 0 ? undefined : Buffer.concat(pieces));
      return true;
    }
    if (this.#isHeadSent && !this.#isEnded) {
      if (pieces.length === 0) return !this.#waitsForDrain;
      return this.#keepsUp(this.#write(socket, pieces));
    }
    socket.cork();
    // As latin1: flushHeaders() would encode bytes above 0x7f of header values again.
    if (!this.#isHeadSent) response.write("", "latin1");
    this.#isHeadSent = true;
    if (pieces.length > 0) this.#write(socket, pieces);
    if (this.#isEnded) response.end();
    socket.uncork();
    return this.#keepsUp(!socket.writableNeedDrain);
  }

  // Not before its first use: a failure until then is answered with another head.
  #makeHead(): void {
    this.#head?.();
    this.#head = undefined;
  }

  #keepsUp(hasRoom: boolean): boolean {
    if (!hasRoom && !this.#waitsForDrain) {
      this.#waitsForDrain = true;
      this.#response.socket?.once("drain", this.#onDrain);
    }
    return hasRoom;
  }

  // RFC 9112 7.1: one chunk of all pieces. A small one is copied between its framing, which is cheaper
  // than a write of several buffers; a large one is not.
  #write(socket: Socket, pieces: readonly Buffer[]): boolean {
    const isChunked = this.#response.chunkedEncoding;
    if (!isChunked && pieces.length === 1) return socket.write(pieces[0] as Buffer);
    const length = pieces.reduce((sum, piece) => sum + piece.length, 0);
    const size = isChunked ? `${length.toString(16)}\r\n` : "";
    const end = isChunked ? "\r\n" : "";
    if (length > maxCopiedBytes) {
      socket.cork();
      if (isChunked) socket.write(size, "latin1");
      for (const piece of pieces) socket.write(piece);
      if (isChunked) socket.write(end, "latin1");
      socket.uncork();
      return !socket.writableNeedDrain;
    }
    const frame = Buffer.allocUnsafe(size.length + length + end.length);
    let at = frame.write(size, 0, "latin1");
    for (const piece of pieces) at += piece.copy(frame, at);
    frame.write(end, at, "latin1");
    return socket.write(frame);
  }
}
