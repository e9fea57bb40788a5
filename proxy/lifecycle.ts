// How the proxy ends: it stops accepting, lets open streams finish within a limit, and leaves.
// A second signal does not wait. Whatever is cut is reset, so that it does not look whole.

import type { Server } from "node:http";
import { Connections } from "./connections.ts";
import { cutOff, type Listeners } from "./listeners.ts";

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
  /** begin the shutdown; called again, end it at once */
  stop(): void;
}

/** Wire the shutdown of a listening server. */
export function superviseServer(server: Server, listeners: Listeners, setup: LifecycleSetup): Lifecycle {
  let draining = false;
  let ended = false;

  const connections = new Connections(server, (socket) => {
    // A kept-alive connection would hold the server open until its client lets go.
    if (draining && connections.openOn(socket).length === 0) socket.destroySoon();
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
    stop: () => {
      if (draining) {
        end();
        return;
      }
      draining = true;
      setup.onStop();
      listeners.close(end);
      // Those too that have sent nothing yet, or half a request: nobody waits for an answer there.
      for (const socket of connections.idle()) socket.destroy();
      setTimeout(end, setup.drainTimeoutMs);
    },
  };
}
