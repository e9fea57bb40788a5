// Who is at the other end of a connection, by the kernel's own word.

import type { Socket } from "node:net";
import { native, type UnixPeer } from "./native.ts";

export type { UnixPeer };

/** The process that connected to a unix socket, undefined where the kernel does not tell. */
export function unixPeer(socket: Socket): UnixPeer | undefined {
  // Node has no public way to it.
  const fd = (socket as { _handle?: { fd?: number } })._handle?.fd;
  return fd === undefined || fd < 0 ? undefined : native.unixPeer(fd);
}
