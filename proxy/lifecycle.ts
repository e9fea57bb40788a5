// How the proxy ends: it stops accepting, lets open streams finish within a limit, and leaves.
// A second signal does not wait.

import type { Server } from "node:http";

export interface LifecycleSetup {
  readonly drainTimeoutMs: number;
  /** at the start of the shutdown, before streams are waited for */
  readonly onStop: () => void;
  /** at the end of it; `cut` streams had to be ended */
  readonly onEnd: (cut: number) => void;
}

export interface Lifecycle {
  isDraining(): boolean;
  /** begin the shutdown; called again, end it at once */
  stop(): void;
}

/** Wire the shutdown of a listening server. */
export function superviseServer(server: Server, setup: LifecycleSetup): Lifecycle {
  let draining = false;
  let openRequests = 0;

  server.on("request", (_request, response) => {
    openRequests++;
    response.once("close", () => {
      openRequests--;
      // A kept-alive connection would hold the server open until its client lets go.
      if (draining) setImmediate(() => server.closeIdleConnections());
    });
  });

  let ended = false;
  const end = (cut: number) => {
    if (ended) return;
    ended = true;
    setup.onEnd(cut);
  };

  return {
    isDraining: () => draining,
    stop: () => {
      if (draining) {
        end(openRequests);
        return;
      }
      draining = true;
      setup.onStop();
      server.close(() => end(0));
      server.closeIdleConnections();
      setTimeout(() => end(openRequests), setup.drainTimeoutMs);
    },
  };
}
