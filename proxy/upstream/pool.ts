// Connections to the upstream, as many as there are requests at a time, kept for the next ones. Each is
// an undici client of its own: undici's pool looks through all its clients for a free one, and with
// thousands of streams open that search is most of a request's cost.

import type undici from "undici";
import type { Attempt, Connector } from "./connector.ts";
import type { UpstreamSocket } from "./socket.ts";
import { Client } from "./undici.ts";

/** What a request needs of its connection. */
export interface Lease {
  /** stop reading from the upstream, for a client that does not keep up */
  pause(): void;
  resume(): void;
  /** end the request and its connection, in whatever state they are */
  abort(): void;
  /** the request is over; the connection may serve another */
  release(): void;
}

export interface PooledHandler extends undici.Dispatcher.DispatchHandler {
  /** called before anything else, with the connection */
  onLease(lease: Lease): void;
  /** called when what one read brought has been handed over */
  onDelivered(bytes: number): void;
}

export interface PoolOptions {
  readonly origin: string;
  readonly maxHeaderBytes: number;
  /** how long a connection that is not used is kept */
  readonly keepAliveTimeoutMs: number;
}

export class UpstreamPool {
  readonly #connector: Connector;
  readonly #options: PoolOptions;
  /** the one used last is used next, so that those not needed run out */
  readonly #idle: PooledConnection[] = [];

  constructor(connector: Connector, options: PoolOptions) {
    this.#connector = connector;
    this.#options = options;
  }

  /** Send a request on a connection of its own. */
  dispatch(request: undici.Dispatcher.DispatchOptions, handler: PooledHandler): void {
    let connection = this.#idle.pop();
    // Closed by the upstream while the event loop was elsewhere: given up before anything is written.
    while (connection?.isGone) {
      connection.abort();
      connection = this.#idle.pop();
    }
    connection ??= new PooledConnection(this.#connector, this.#options, this.#idle);
    connection.dispatch(request, handler);
  }
}

class PooledConnection implements Lease {
  readonly #client: Client;
  readonly #idle: PooledConnection[];
  #attempt: Attempt | undefined;
  #socket: UpstreamSocket | undefined;
  #handler: PooledHandler | undefined;

  constructor(connector: Connector, options: PoolOptions, idle: PooledConnection[]) {
    this.#idle = idle;
    this.#client = new Client(options.origin, {
      pipelining: 1,
      // The proxy's own limits apply.
      headersTimeout: 0,
      bodyTimeout: 0,
      maxHeaderSize: options.maxHeaderBytes,
      keepAliveTimeout: options.keepAliveTimeoutMs,
      connect: (_, callback) => {
        this.#attempt = connector.connect((failure, socket) => {
          this.#attempt = undefined;
          if (socket === null) {
            callback(failure as Error, null);
            return;
          }
          this.#socket = socket;
          socket.onDelivered = (bytes) => this.#handler?.onDelivered(bytes);
          callback(null, socket as never);
        });
      },
    });
    this.#client.on("disconnect", () => {
      this.#socket = undefined;
      // A request that waits for it gets a new connection from undici; nothing was sent for it yet.
      if (this.#handler === undefined) this.#discard();
    });
  }

  /** whether it has no connection on which something could be sent */
  get isGone(): boolean {
    return this.#socket?.isGone ?? true;
  }

  dispatch(request: undici.Dispatcher.DispatchOptions, handler: PooledHandler): void {
    this.#handler = handler;
    handler.onLease(this);
    this.#client.dispatch(request, handler);
  }

  pause(): void {
    this.#socket?.pause();
  }

  resume(): void {
    this.#socket?.resume();
  }

  abort(): void {
    this.#socket?.reset();
    this.#attempt?.abort();
    this.#discard();
  }

  release(): void {
    this.#handler = undefined;
    // Without a connection there is nothing to keep.
    if (this.#socket === undefined || this.#socket.destroyed) {
      this.#discard();
      return;
    }
    // The end of an answer can come while its client does not keep up: TLS hands over what it has read.
    this.#socket.resume();
    this.#idle.push(this);
  }

  #discard(): void {
    const at = this.#idle.indexOf(this);
    if (at !== -1) this.#idle.splice(at, 1);
    this.#client.destroy().catch(() => {});
  }
}
