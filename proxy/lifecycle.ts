// How the proxy ends: it stops accepting, lets open streams finish within a limit, and leaves. A request
// that is on its way on a connection that was accepted before is served; its answer closes the connection.
// A second signal does not wait. Whatever is cut is reset, so that it does not look whole.

import type { Server } from "node:http";
import type { Socket } from "node:net";
import { Connections } from "./connections.ts";
import { cutOff, type Listeners } from "./listeners.ts";

// How long a connection on which nothing is asked stays open at shutdown. A request that its client has
// sent before it could know of the shutdown is here by then, also on a busy machine.
const idleGraceMs = 1_000;

export interface LifecycleSetup {
  readonly drainTimeoutMs: number;
  /** at the start of the shutdown, before streams are waited for */
  readonly onStop: () => void;
  /** at the end of it; `cut` connections with open requests had to be reset */
  readonly onEnd: (cut: number) => void;
}

export interface Lifecycle {
  readonly connections: Connections;
  isDraining(): boolean;
  /** how many requests are open */
  openRequests(): number;
  /** begin the shutdown; called again, end it at once */
  stop(): void;
}

/** Wire the shutdown of a listening server. */
export function superviseServer(server: Server, listeners: Listeners, setup: LifecycleSetup): Lifecycle {
  let draining = false;
  let ended = false;

  // A kept-alive connection would hold the server open until its client lets go.
  const closeUnlessAsked = (socket: Socket): void => {
    const timer = setTimeout(() => {
      // Behind a loop that was held up the timer comes first; what has arrived is read before the next step.
      setImmediate(() => {
        if (connections.openOn(socket).length === 0) socket.destroy();
      });
    }, idleGraceMs);
    socket.once("close", () => clearTimeout(timer));
  };

  const connections = new Connections(server, (socket) => {
    // Node closes those itself whose answer said so.
    if (draining && !socket.destroyed && connections.openOn(socket).length === 0) closeUnlessAsked(socket);
  });

  const reset = (): number => {
    // Node 24 tells of the last connection's end before the answer on it is counted as done.
    const busy = connections.busy().filter((socket) => !socket.destroyed);
    for (const socket of busy) cutOff(socket);
    return busy.length;
  };
  process.on("exit", reset);

  const end = () => {
    if (ended) return;
    ended = true;
    setup.onEnd(reset());
  };

  return {
    connections,
    isDraining: () => draining,
    openRequests: () => connections.openRequests(),
    stop: () => {
      if (draining) {
        end();
        return;
      }
      draining = true;
      setup.onStop();
      listeners.close(end);
      connections.keepNone();
      for (const socket of connections.idle()) closeUnlessAsked(socket);
      setTimeout(end, setup.drainTimeoutMs);
    },
  };
}
