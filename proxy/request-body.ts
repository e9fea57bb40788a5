// The client's body on its way up: streamed with backpressure, counted, never collected.

import type { IncomingMessage } from "node:http";
import { Readable } from "node:stream";
import { ProxyError } from "./errors.ts";

/** The client closed its connection before its request was answered: nobody is left to tell. */
export class ClientGone extends Error {
  override readonly name = "ClientGone";
}

/**
 * A view of a request's body that may be destroyed without harm to the request: the client's socket
 * is still needed for the answer when the upstream breaks off in the middle of a body.
 *
 * Fails with PXY_ERR_BODY_TOO_LARGE after `maxBodyBytes`, and with ClientGone when the client leaves.
 */
export class CountedBody extends Readable {
  readonly #request: IncomingMessage;
  readonly #onData: (chunk: Buffer) => void;

  constructor(request: IncomingMessage, maxBodyBytes: number) {
    super();
    let bytes = 0;
    this.#request = request;
    this.#onData = (chunk) => {
      bytes += chunk.length;
      if (bytes > maxBodyBytes) {
        this.destroy(new ProxyError("PXY_ERR_BODY_TOO_LARGE", `the limit is ${maxBodyBytes} bytes`));
      } else if (!this.push(chunk)) {
        request.pause();
      }
    };
    request.on("data", this.#onData);
    request.once("end", () => this.push(null));
    request.once("error", (cause) => this.destroy(new ClientGone(undefined, { cause })));
    request.once("close", () => {
      if (!request.complete) this.destroy(new ClientGone());
    });
  }

  override _read(): void {
    this.#request.resume();
  }

  override _destroy(error: Error | null, callback: (error: Error | null) => void): void {
    // What is left of the body is read and dropped: unread, it would block the connection.
    this.#request.off("data", this.#onData);
    this.#request.resume();
    callback(error);
  }
}
