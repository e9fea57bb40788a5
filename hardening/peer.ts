// Who is at the other end of a connection, by the kernel's own word: on a unix socket the process that
// connected, on TCP of this machine the uid that made the socket. A doubt is no answer.

import fs from "node:fs";
import { native, type PeerFailure, type UnixPeer } from "./native.ts";
import { type Connection, descriptorOf } from "./tcp.ts";

export type { PeerFailure, UnixPeer };

export type TcpPeer = { readonly uid: number } | { readonly failure: PeerFailure };

// The uid of users whom the kernel cannot name, unless /proc/sys/kernel/overflowuid says another.
const defaultOverflowUid = 65_534;

let query: number | undefined;

/** The process that connected to a unix socket, undefined where the kernel does not tell. */
export function unixPeer(connection: Connection): UnixPeer | undefined {
  const fd = descriptorOf(connection);
  return fd === undefined ? undefined : native.unixPeer(fd);
}

/** Whether a connection came in on a unix socket. */
export function isUnixSocket(connection: Connection): boolean {
  const fd = descriptorOf(connection);
  return fd !== undefined && native.isUnixSocket(fd);
}

/**
 * Open the way to ask the kernel about TCP connections; to be done before the lock. It is tried on a
 * socket whose answer is known.
 *
 * @param listenFd - a TCP socket of this process that listens
 * @returns undefined for success, else why it cannot be had
 */
export function openPeerQuery(listenFd: number): string | undefined {
  if (query !== undefined) return undefined;
  if (process.platform !== "linux") return "only Linux tells whose socket it is";
  const fd = native.openPeerQuery();
  if (fd < 0) return `the kernel opens no NETLINK_SOCK_DIAG socket (errno ${-fd})`;
  if (!native.findsListener(fd, listenFd)) {
    fs.closeSync(fd);
    return "the kernel does not answer on NETLINK_SOCK_DIAG (its module tcp_diag may be missing)";
  }
  query = fd;
  return undefined;
}

/**
 * The uid that made the client's socket of a TCP connection of this machine: one question, which the
 * kernel answers at once.
 *
 * @returns a failure also for a connection that the client has given up, or that is not of this machine
 */
export function tcpPeerUid(connection: Connection): TcpPeer {
  const fd = descriptorOf(connection);
  if (fd === undefined) return { failure: "gone" };
  return query === undefined ? { failure: "unavailable" } : native.tcpPeer(query, fd);
}

/**
 * Why uids do not mean here what they mean on the whole machine, user_namespaces(7).
 *
 * @returns undefined where they do
 */
export function whyUidsAreMapped(): string | undefined {
  if (process.platform !== "linux") return "only Linux tells whose socket it is";
  try {
    const map = fs.readFileSync("/proc/self/uid_map", "utf8").trim().split(/\s+/).join(" ");
    if (map === "0 0 4294967295") return undefined;
    return "in this user namespace all users of the outside look the same";
  } catch {
    return "whether uids are mapped here cannot be read (/proc/self/uid_map)";
  }
}

/** The uids that stand for users whom the kernel cannot name: nobody is known by one of them. */
export function overflowUids(): ReadonlySet<number> {
  const uids = new Set([defaultOverflowUid]);
  try {
    uids.add(Number(fs.readFileSync("/proc/sys/kernel/overflowuid", "utf8")));
  } catch {
    // The default it is.
  }
  return uids;
}
