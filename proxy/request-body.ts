// The client's body on its way up, counted, and watched for a client that stops sending. A small one is
// taken whole, so that it leaves in one write with its head; any other is streamed with backpressure.

import type { IncomingMessage } from "node:http";
import { Readable } from "node:stream";
import { hasPeerClosed } from "../hardening/tcp.ts";
import type { Deadline, Deadlines } from "./deadlines.ts";
import { ProxyError } from "./errors.ts";
import type { ExchangeObserver } from "./exchange-observer.ts";

export interface BodyLimits {
  readonly maxBodyBytes: number;
  /** longest time without a byte while the proxy is ready to read; 0 for no limit */
  readonly clientBodyIdleTimeoutMs: number;
}

/** The client closed its connection before its request was answered: nobody is left to tell. */
export class ClientGone extends Error {
  override readonly name = "ClientGone";
}

// While nothing is read from a client, its leaving has to be asked for.
const goneCheckIntervalMs = 250;

// Larger ones gain nothing by it, and would add up in memory.
const maxWholeBodyBytes = 64 * 1024;

/** Whether a body is small enough to be taken whole, as its head declares it. */
export function isSmall(request: IncomingMessage): boolean {
  const length = request.headers["content-length"];
  return length !== undefined && Number(length) <= maxWholeBodyBytes;
}

/**
 * Take a body whole.
 *
 * @param onTaken - called once, with the body, with a ProxyError for a client that is too slow, or with
 *   ClientGone
 */
export function takeWhole(
  request: IncomingMessage,
  limits: BodyLimits,
  deadlines: Deadlines,
  onTaken: (error: Error | null, body: Buffer) => void,
): void {
  const chunks: Buffer[] = [];
  let isOver = false;
  const finish = (error: Error | null): void => {
    if (isOver) return;
    isOver = true;
    stopWatching();
    request.off("data", onData);
    if (error !== null) request.resume();
    onTaken(error, chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks));
  };
  const onData = (chunk: Buffer): void => {
    chunks.push(chunk);
  };
  const stopWatching = watchProgress(request, limits.clientBodyIdleTimeoutMs, deadlines, finish);
  request.on("data", onData);
  request.once("end", () => finish(null));
  request.once("error", (cause) => finish(new ClientGone(undefined, { cause })));
  request.once("close", () => finish(request.complete ? null : new ClientGone()));
}

/**
 * A view of a request's body that may be destroyed without harm to the request: the client's socket
 * is still needed for the answer when the upstream breaks off in the middle of a body.
 *
 * Fails with PXY_ERR_BODY_TOO_LARGE, PXY_ERR_BODY_TIMEOUT, and with ClientGone when the client leaves.
 */
export class StreamedBody extends Readable {
  readonly #request: IncomingMessage;
  readonly #onData: (chunk: Buffer) => void;
  readonly #stopWatching: () => void;
  readonly #observer: ExchangeObserver | undefined;
  #goneCheck: NodeJS.Timeout | undefined;

  constructor(
    request: IncomingMessage,
    limits: BodyLimits,
    deadlines: Deadlines,
    observer?: ExchangeObserver,
  ) {
    super();
    this.on("error", () => {}); // undici listens only while it has a use for the body
    let bytes = 0;
    const { maxBodyBytes } = limits;
    this.#request = request;
    this.#observer = observer;
    this.#onData = (chunk) => {
      bytes += chunk.length;
      if (bytes > maxBodyBytes) {
        this.destroy(new ProxyError("PXY_ERR_BODY_TOO_LARGE", `the limit is ${maxBodyBytes} bytes`));
      } else {
        if (!this.push(chunk)) this.#pause();
        observer?.requestData(chunk);
      }
    };
    this.#stopWatching = watchProgress(request, limits.clientBodyIdleTimeoutMs, deadlines, (error) =>
      this.destroy(error),
    );
    request.on("data", this.#onData);
    request.once("end", () => {
      this.push(null);
      observer?.requestEnd(true);
    });
    request.once("error", (cause) => this.destroy(new ClientGone(undefined, { cause })));
    request.once("close", () => {
      if (!request.complete) this.destroy(new ClientGone());
    });
  }

  override _read(): void {
    clearInterval(this.#goneCheck);
    this.#request.resume();
  }

  #pause(): void {
    this.#request.pause();
    clearInterval(this.#goneCheck);
    this.#goneCheck = setInterval(() => {
      if (hasPeerClosed(this.#request.socket)) this.#request.socket.destroy();
    }, goneCheckIntervalMs);
  }

  override _destroy(error: Error | null, callback: (error: Error | null) => void): void {
    this.#stopWatching();
    clearInterval(this.#goneCheck);
    // What is left of the body is read and dropped: unread, it would block the connection.
    this.#request.off("data", this.#onData);
    this.#request.resume();
    this.#observer?.requestEnd(false);
    callback(error);
  }
}

// Time in which the upstream takes nothing more is not the client's: the watch stops with the reading.
function watchProgress(
  request: IncomingMessage,
  idleTimeoutMs: number,
  deadlines: Deadlines,
  onStall: (error: ProxyError) => void,
): () => void {
  if (idleTimeoutMs === 0 || request.complete) return () => {};
  const stall = (): void => {
    onStall(
      new ProxyError(
        "PXY_ERR_BODY_TIMEOUT",
        `no byte of it came for ${idleTimeoutMs} ms (--client-body-idle-timeout-ms)`,
      ),
    );
  };
  let deadline: Deadline = deadlines.watch(idleTimeoutMs, stall);
  const onData = (): void => deadline.refresh();
  const onPause = (): void => deadline.stop();
  const onResume = (): void => {
    deadline.stop();
    deadline = deadlines.watch(idleTimeoutMs, stall);
  };
  const stop = (): void => {
    deadline.stop();
    request.off("data", onData).off("pause", onPause).off("resume", onResume).off("end", stop);
  };
  request.on("data", onData).on("pause", onPause).on("resume", onResume).on("end", stop);
  return stop;
}
