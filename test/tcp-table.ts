// The kernel's table of TCP connections: what stands between two sockets whatever their owners have
// noticed of it.

import { readFileSync } from "node:fs";

/** States of include/net/tcp_states.h, as /proc/net/tcp has them. */
export const established = "01";
export const closeWait = "08";

export interface TcpEntry {
  readonly state: string;
  /** bytes that the other end has not acknowledged */
  readonly unsentBytes: number;
  /** bytes that have arrived and that nobody has read */
  readonly unreadBytes: number;
}

/**
 * Look up one end of a connection on 127.0.0.1.
 *
 * @param localPort - of the end that is looked up
 * @param remotePort - of the other
 * @returns undefined when it is gone, as after a reset
 */
export function tcpEntry(localPort: number, remotePort: number): TcpEntry | undefined {
  for (const line of readFileSync("/proc/net/tcp", "latin1").split("\n")) {
    const [, local, remote, state = "", queues = ""] = line.trim().split(/ +/);
    if (local !== address(localPort) || remote !== address(remotePort)) continue;
    const [unsent = "", unread = ""] = queues.split(":");
    return {
      state,
      unsentBytes: Number.parseInt(unsent, 16),
      unreadBytes: Number.parseInt(unread, 16),
    };
  }
  return undefined;
}

function address(port: number): string {
  return `0100007F:${port.toString(16).toUpperCase().padStart(4, "0")}`;
}
