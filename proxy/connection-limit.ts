// How many clients may be connected at a time: as many as the process has descriptors for, one for each
// of them and one for the upstream. Beyond that accept(2) itself would fail, again and again.

import type { Server } from "node:http";
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
export function limitConnections(server: Server, descriptorsPerClient: number, reserved = 0): void {
  const limit = openFileLimit();
  if (limit === undefined) return;
  server.maxConnections = Math.max(1, Math.floor((limit - ownDescriptors - reserved) / descriptorsPerClient));
  let reportedAt = Number.NEGATIVE_INFINITY;
  server.on("drop", () => {
    if (performance.now() - reportedAt < reportIntervalMs) return;
    reportedAt = performance.now();
    sayWarning(
      `a connection was closed: ${server.maxConnections} are open, which is all that ${limit} open files allow (ulimit -n)`,
    );
  });
}
