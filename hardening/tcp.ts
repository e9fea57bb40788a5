// TCP connections as the kernel sees them: what Node learns late, or not at all.

import type { Socket } from "node:net";
import { native } from "./native.ts";

// include/net/tcp_states.h of Linux; 0 stands for unknown.
const established = 1;
const closed = 7;

/** A socket, or what Node is about to make one of. */
export type Connection = Socket | { readonly _handle: { readonly fd: number } };

/** The descriptor of a connection, below TLS where that is on it; Node has no public way to it. */
export function descriptorOf(connection: Connection): number | undefined {
  const fd = (connection as { _handle?: { fd?: number } })._handle?.fd;
  return fd !== undefined && fd >= 0 ? fd : undefined;
}

function stateOf(socket: Socket): number {
  const fd = descriptorOf(socket);
  return fd === undefined ? 0 : native.tcpState(fd);
}

/**
 * Whether the other end has closed or reset the connection, also where that stands behind bytes that
 * are not read: Node would see it only after reading them.
 *
 * @returns false where it cannot be known
 */
export function hasPeerClosed(socket: Socket): boolean {
  const state = stateOf(socket);
  return state !== 0 && state !== established;
}

/**
 * Whether a connection that has come to its end was reset: after a FIN of the other end it is still
 * half open. A reset that comes with the last bytes is an end like any other to libuv.
 */
export function wasReset(socket: Socket): boolean {
  return stateOf(socket) === closed;
}

/** Destroy a connection, TLS or not, by a reset; what has not been sent is dropped. */
export function destroyByReset(socket: Socket): void {
  const fd = descriptorOf(socket);
  if (fd !== undefined) native.resetOnClose(fd);
  socket.destroy();
}
