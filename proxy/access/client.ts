// Who a client is, as far as it is known: the owner of its socket by the kernel's word, and the name of
// the token that it showed. Found out once a connection, told to whoever decides or keeps records.

import fs from "node:fs";
import type { IncomingMessage } from "node:http";
import type { Socket } from "node:net";
import { isUnixSocket, type PeerFailure, tcpPeerUid, unixPeer } from "../../hardening/peer.ts";
import type { Connection } from "../../hardening/tcp.ts";
import type { Accounts } from "./accounts.ts";

export interface Client {
  readonly transport: "tcp" | "unix";
  /** undefined where it was not asked for, or is in doubt */
  readonly uid?: number;
  /** the name of that uid, once it has been looked up */
  readonly user?: string;
  /** of the process that connected, on a unix socket */
  readonly pid?: number;
  /** its executable, or where that cannot be read the name that it goes by */
  readonly executable?: string;
  /** the name of the client token that this request was let in with */
  readonly tokenName?: string;
}

/** What is known of a connection's other end. */
export interface Peer extends Omit<Client, "user" | "tokenName"> {
  /** why there is no uid, where one was asked for */
  readonly failure?: PeerFailure;
  /** on a unix socket, the groups that the process had when it connected */
  readonly groups?: readonly number[];
}

const peers = new WeakMap<Socket, Peer>();
const tokenNames = new WeakMap<IncomingMessage, string>();
let accounts: Accounts | undefined;

/** From now on user names come from there. */
export function nameUsersBy(source: Accounts): void {
  accounts = source;
}

/** Ask the kernel who is at the other end. Once, for a new connection. */
export function identify(socket: Socket): Peer {
  const peer = readPeer(socket);
  peers.set(socket, peer);
  // Looked up ahead, so that whoever wants the name later finds it.
  if (peer.uid !== undefined) accounts?.of(peer.uid).catch(() => {});
  return peer;
}

/** Ask, and remember nothing. */
export function readPeer(connection: Connection): Peer {
  if (!isUnixSocket(connection)) return { transport: "tcp", ...tcpPeerUid(connection) };
  const peer = unixPeer(connection);
  if (peer === undefined) return { transport: "unix", failure: "unavailable" };
  const { uid, gid, pid, groups } = peer;
  return { transport: "unix", uid, pid, groups: [gid, ...groups], ...executableOf(pid) };
}

/** What is known; of a connection that was not identified its transport alone. */
export function peerOf(socket: Socket): Peer {
  return peers.get(socket) ?? { transport: isUnixSocket(socket) ? "unix" : "tcp" };
}

/** Note that a request was let in with the token of this name. */
export function noteToken(request: IncomingMessage, name: string): void {
  tokenNames.set(request, name);
}

/** What is known by now of the client that sent a request. Never throws, asks nobody. */
export function clientOf(request: IncomingMessage): Client {
  return clientAt(peerOf(request.socket), tokenNames.get(request));
}

/** Likewise, of a connection on which nothing has been asked. */
export function clientAt({ transport, uid, pid, executable }: Peer, tokenName?: string): Client {
  const user = uid === undefined ? undefined : accounts?.nameOf(uid);
  return {
    transport,
    ...(uid !== undefined && { uid }),
    ...(user !== undefined && { user }),
    ...(pid !== undefined && { pid }),
    ...(executable !== undefined && { executable }),
    ...(tokenName !== undefined && { tokenName }),
  };
}

// For records, never for decisions: the process may run another program by now, or have ended and left
// its pid to another. Other users' links under /proc cannot be read; the name in comm can.
function executableOf(pid: number): { executable?: string } {
  if (pid <= 0) return {}; // of a pid namespace that is not seen from here
  const sources = [
    () => fs.readlinkSync(`/proc/${pid}/exe`),
    () => fs.readFileSync(`/proc/${pid}/comm`, "utf8").trimEnd(),
  ];
  for (const read of sources) {
    try {
      return { executable: read().replace(/[^\x20-\x7e]/g, "?") };
    } catch {
      // the next one, or none
    }
  }
  return {};
}
