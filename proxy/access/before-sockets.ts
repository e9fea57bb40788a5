// A look at connections before Node makes a socket of each, which is most of what one costs that is closed
// at once. It spares work and decides nothing: whom it lets pass is looked at as every other.

import type { Server } from "node:net";
import type { Connection } from "../../hardening/tcp.ts";

// The part of Node's listening handle that hands connections on, the same in Node 20 to 26.
interface ListeningHandle {
  onconnection?: (this: ListeningHandle, status: number, client?: ClientHandle) => void;
}

interface ClientHandle {
  readonly fd: number;
  close(): void;
}

/**
 * Close those connections of a listening server of which no socket is to be made.
 *
 * @param isWanted - an exception counts as no
 */
export function lookBeforeSockets(server: Server, isWanted: (connection: Connection) => boolean): void {
  const handle = (server as unknown as { _handle?: ListeningHandle })._handle;
  const handOn = handle?.onconnection;
  if (handle === undefined || typeof handOn !== "function") return;
  handle.onconnection = function (status, client) {
    if (client === undefined || admits(isWanted, client)) handOn.call(this, status, client);
    else client.close();
  };
}

function admits(isWanted: (connection: Connection) => boolean, client: ClientHandle): boolean {
  try {
    return isWanted({ _handle: client });
  } catch {
    return false;
  }
}
