// The other end of a connection, as the kernel sees it.

import type { Socket } from "node:net";
import { native } from "./native.ts";

/**
 * Whether a client has closed its connection, also where that stands behind bytes that are not read:
 * Node would see it only after reading them.
 *
 * @returns false where it cannot be known
 */
export function hasPeerClosed(socket: Socket): boolean {
  // Node has no public way to a socket's descriptor.
  const fd = (socket as { _handle?: { fd?: number } })._handle?.fd;
  return fd !== undefined && fd >= 0 && native.hasPeerClosed(fd);
}
