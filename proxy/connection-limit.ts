// How many clients may be connected at a time: as many as the process has descriptors for, one for each
// of them and one for the upstream. Beyond that accept(2) itself would fail, again and again.

import type { Server, Socket } from "node:net";
import { openFileLimit } from "./open-file-limit.ts";
import { sayWarning } from "./terminal.ts";

// Standard streams, listener, event loop, thread pool, resolver; some 25 are open at rest.
const ownDescriptors = 40;

const reportIntervalMs = 60_000;

/**
 * Close connections beyond the limit at once, and say so, at most once a minute.
 *
 * @param descriptorsPerClient - 2, or more where something else is opened for a request
 * @param reserved - descriptors that are kept for others, such as connections of the admin socket
 */
export function limitConnections(
  servers: readonly Server[],
  descriptorsPerClient: number,
  reserved = 0,
): void {
  const files = openFileLimit();
  if (files === undefined) return;
  const limit = Math.max(1, Math.floor((files - ownDescriptors - reserved) / descriptorsPerClient));
  const open = new Map(servers.map((server) => [server, 0]));
  const counted = new WeakSet<Socket>();
  let reportedAt = Number.NEGATIVE_INFINITY;

  const count = (server: Server, change: number): void => {
    open.set(server, (open.get(server) ?? 0) + change);
    const all = [...open.values()].reduce((sum, each) => sum + each, 0);
    // Each server counts its own: it may have what the others leave. 0 would mean no limit to Node 20.
    for (const [each, own] of open) each.maxConnections = Math.max(1, limit - all + own);
  };
  for (const server of servers) {
    count(server, 0);
    // First, before a connection is handed on to the HTTP server, which tells of it once more.
    server.prependListener("connection", (socket: Socket) => {
      if (counted.has(socket)) return;
      counted.add(socket);
      count(server, 1);
      socket.once("close", () => count(server, -1));
    });
    server.on("drop", () => {
      if (performance.now() - reportedAt < reportIntervalMs) return;
      reportedAt = performance.now();
      sayWarning(
        `a connection was closed: ${limit} are open, which is all that ${files} open files allow (ulimit -n)`,
      );
    });
  }
}
