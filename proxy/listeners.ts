// The sockets on which clients are served, TCP and unix, by one HTTP server: whatever comes in on
// either has the same limits, and an end of one is an end of both.

import type { Server } from "node:http";
import net, { type AddressInfo, type Socket } from "node:net";
import { StartError } from "./errors.ts";

export interface ListenerDescriptors {
  /** listening TCP socket, undefined for none */
  readonly listenFd: number | undefined;
  /** listening unix socket, undefined for none */
  readonly socketFd: number | undefined;
}

// As many as the launcher has asked for; the kernel allows what net.core.somaxconn says. Node would set 511.
const backlog = 4096;

/** What listens, and how it is closed. */
export class Listeners {
  /** the HTTP server first */
  readonly servers: readonly net.Server[];
  readonly #server: Server;
  readonly #descriptors: ListenerDescriptors;

  constructor(server: Server, descriptors: ListenerDescriptors) {
    this.#server = server;
    this.#descriptors = descriptors;
    const isOnBoth = descriptors.listenFd !== undefined && descriptors.socketFd !== undefined;
    this.servers = isOnBoth ? [server, handOn(server)] : [server];
  }

  /**
   * Begin to accept.
   *
   * @returns host and port of the TCP socket, undefined where there is none
   * @throws {StartError} PXY_START_LISTEN
   */
  async listen(): Promise<{ readonly host: string; readonly port: number } | undefined> {
    const { listenFd, socketFd } = this.#descriptors;
    const descriptors = [listenFd, socketFd].filter((fd) => fd !== undefined);
    for (const [i, server] of this.servers.entries()) await listen(server, descriptors[i] as number);
    if (listenFd === undefined) return undefined;
    const { address, family, port } = this.#server.address() as AddressInfo;
    return { host: family === "IPv6" ? `[${address}]` : address, port };
  }

  /**
   * Stop accepting. What waits in the kernel's queue of a socket that the service manager keeps open
   * stays there for the next proxy.
   *
   * @param onClosed - called when the last connection has ended
   */
  close(onClosed: () => void): void {
    let open = this.servers.length;
    for (const server of this.servers) {
      // Not http's own, which closes idle connections at once, and with them a request on its way.
      net.Server.prototype.close.call(server, () => {
        open--;
        if (open === 0) onClosed();
      });
    }
  }
}

// With the options that an HTTP server gives its own connections.
function handOn(server: Server): net.Server {
  return net.createServer({ allowHalfOpen: true }, (socket) => server.emit("connection", socket));
}

function listen(server: net.Server, fd: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", (cause: NodeJS.ErrnoException) => {
      reject(new StartError("PXY_START_LISTEN", `cannot listen: ${cause.code}`, { cause }));
    });
    server.listen({ fd }, backlog, resolve);
  });
}

/** End a client's connection so that it looks cut where it can: a unix socket knows no reset. */
export function cutOff(socket: Socket): void {
  if (socket.destroyed) return;
  try {
    socket.resetAndDestroy();
  } catch {
    socket.destroy();
  }
}
