// The upstream's connection as undici sees it. Reads go through one buffer that all connections share
// (a buffer for each read of each stream costs more than the rest of the read), and what undici writes
// in one go leaves in one write, with the key put in.

import { EventEmitter } from "node:events";
import type { Socket } from "node:net";
import type { Secret } from "../../hardening/secret.ts";
import { type Part, SplicingWriter } from "../../hardening/splice.ts";
import { destroyByReset, hasPeerClosed, wasReset } from "../../hardening/tcp.ts";

/** The members of a socket that undici's HTTP/1.1 client uses, over a connected socket. */
export class UpstreamSocket extends EventEmitter {
  readonly #socket: Socket;
  readonly #writer: SplicingWriter;
  #corked: Part[] | undefined;
  #unread: Buffer | null = null;

  /** called when undici has taken in what one read brought */
  onDelivered: (bytes: number) => void = () => {};

  constructor(socket: Socket, secret: Secret) {
    super();
    this.#socket = socket;
    this.#writer = new SplicingWriter(socket, secret);
    for (const event of ["drain", "close"] as const) socket.on(event, () => this.emit(event));
    // Before Node's own listener, which closes the other half.
    socket.prependListener("end", () => {
      if (wasReset(socket)) socket.destroy(Object.assign(new Error("reset"), { code: "UPSTREAM_RESET" }));
      else this.emit("end");
    });
    this.on("error", () => {}); // undici listens only while it has a use for the connection
    socket.on("error", (error: NodeJS.ErrnoException) => {
      // undici takes ECONNRESET on a body that ends with its connection for that body's end (a workaround
      // for macOS). Under another code it stays the error that it is, and no truncated answer looks whole.
      if (error.code === "ECONNRESET") error.code = "UPSTREAM_RESET";
      this.emit("error", error);
      socket.destroy(); // after an error of TLS Node leaves it open
    });
  }

  /**
   * Hand over bytes that have arrived.
   *
   * @param bytes - valid until this returns: undici keeps parts of a head until it is whole
   */
  deliver(bytes: Buffer): void {
    this.#unread = Buffer.from(bytes);
    this.emit("readable");
    this.#unread = null; // left over only where the connection is given up
    this.onDelivered(bytes.length);
  }

  /** Stop reading: what the peer sends stays with the kernel, and in time with the peer. */
  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  read(): Buffer | null {
    const bytes = this.#unread;
    this.#unread = null;
    return bytes;
  }

  unshift(): void {} // of a connection that undici has given up

  write(part: Part): boolean {
    // The upstream has answered and closed: a write would fail and take the answer with it, which may not
    // be read yet. What is left of the request is of no use to anyone.
    if (!isHead(part) && hasPeerClosed(this.#socket)) return true;
    if (this.#corked === undefined) return this.#writer.write([part]);
    this.#corked.push(part);
    return !this.#socket.writableNeedDrain;
  }

  cork(): void {
    this.#corked ??= [];
  }

  uncork(): void {
    const parts = this.#corked;
    this.#corked = undefined;
    if (parts !== undefined && parts.length > 0) this.#writer.write(parts);
  }

  destroy(error?: Error): this {
    this.#socket.destroy(error);
    return this;
  }

  /** End it in whatever state it is; what the peer has not got yet is dropped. */
  reset(): void {
    destroyByReset(this.#socket);
  }

  /** whether nothing more can be sent on it, though that may not have been told yet */
  get isGone(): boolean {
    return this.#socket.destroyed || hasPeerClosed(this.#socket);
  }

  ref(): void {
    this.#socket.ref();
  }

  unref(): void {
    this.#socket.unref();
  }

  get destroyed(): boolean {
    return this.#socket.destroyed;
  }

  get errored(): Error | null {
    return this.#socket.errored;
  }

  get writableNeedDrain(): boolean {
    return this.#socket.writableNeedDrain;
  }

  /** by this undici knows a stream */
  pipe(): never {
    throw new TypeError("an upstream connection is not piped");
  }
}

// undici writes a head as one string; the framing of chunks are strings too.
function isHead(part: Part): boolean {
  return typeof part === "string" && part.startsWith("POST ");
}
