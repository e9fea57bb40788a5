// Which requests are open on which connection. Node tells neither what a late parser error would cut
// into nor, for a request that waits behind another, that its client has gone.

import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { cutOff } from "./listeners.ts";

export interface OpenRequest {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
}

// Node puts no limit on requests that are sent ahead, and each of them is a kilobyte or two.
const maxAhead = 2000;

/** The connections of a server, each with its requests that are not answered in full. */
export class Connections {
  readonly #open = new Map<Socket, Set<OpenRequest>>();

  /** @param onAnswered - called when a request was answered, or given up by a client that left */
  constructor(server: Server, onAnswered: (socket: Socket) => void) {
    server.on("connection", (socket) => {
      this.#open.set(socket, new Set());
      socket.once("close", () => this.#open.delete(socket));
    });
    // Before the handler, which may answer at once.
    server.prependListener("request", (request, response) => {
      const { socket } = request;
      const open: OpenRequest = { request, response };
      const ahead = this.#open.get(socket)?.add(open).size ?? 0;
      if (ahead > maxAhead) cutOff(socket);
      response.once("close", () => {
        this.#open.get(socket)?.delete(open);
        onAnswered(socket);
      });
    });
  }

  /** The open requests of one connection, in the order in which they came. */
  openOn(socket: Socket): readonly OpenRequest[] {
    return [...(this.#open.get(socket) ?? [])];
  }

  openRequests(): number {
    let count = 0;
    for (const open of this.#open.values()) count += open.size;
    return count;
  }

  /** Have every answer that has not begun say that its connection is closed after it. */
  keepNone(): void {
    for (const open of this.#open.values()) {
      for (const { response } of open) if (!response.headersSent) response.shouldKeepAlive = false;
    }
  }

  idle(): readonly Socket[] {
    return [...this.#open].filter(([, open]) => open.size === 0).map(([socket]) => socket);
  }

  busy(): readonly Socket[] {
    return [...this.#open].filter(([, open]) => open.size > 0).map(([socket]) => socket);
  }
}
