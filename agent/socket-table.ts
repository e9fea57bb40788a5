// The kernel's table of TCP sockets: whose each end of a connection on this machine is. Only Linux has it.

import fs from "node:fs";
import { isIPv4 } from "node:net";

/** One socket. */
export interface SocketRow {
  /** `ADDRESS:PORT` as {@link tableEnds} writes it */
  readonly local: string;
  readonly remote: string;
  readonly isListening: boolean;
  readonly uid: number;
  /** whether a process still holds it; of one that nobody holds, the uid means nothing */
  readonly isHeld: boolean;
}

const listening = "0A"; // TCP_LISTEN in include/net/tcp_states.h

/** Read the table: undefined where the kernel has none. */
export function readSocketTable(): readonly SocketRow[] | undefined {
  const [v4, v6 = []] = ["/proc/net/tcp", "/proc/net/tcp6"].map(readRows);
  return v4?.concat(v6).map((row) => ({
    local: row[1] ?? "",
    remote: row[2] ?? "",
    isListening: row[3] === listening,
    uid: Number(row[7]),
    isHeld: row[9] !== undefined && row[9] !== "0",
  }));
}

/**
 * How the table writes an end of a connection: more than one way for IPv4, since a socket of IPv6 may talk it.
 *
 * @param address - a loopback address without brackets
 */
export function tableEnds(address: string, port: number): readonly string[] {
  const hosts = isIPv4(address) ? [toHex(address), mappedPrefix + toHex(address)] : [loopbackV6];
  return hosts.map((host) => `${host}:${portHex(port)}`);
}

/** How the table writes a socket that takes connections for every address. */
export function wildcardEnds(address: string, port: number): readonly string[] {
  return [...(isIPv4(address) ? ["0".repeat(8)] : []), "0".repeat(32)].map(
    (host) => `${host}:${portHex(port)}`,
  );
}

// Each group of four bytes stands there as a number of the machine, little-endian wherever Node runs.
const loopbackV6 = `${"0".repeat(24)}01000000`;
const mappedPrefix = `${"0".repeat(16)}FFFF0000`;

function portHex(port: number): string {
  return port.toString(16).toUpperCase().padStart(4, "0");
}

function toHex(address: string): string {
  const bytes = address.split(".").map(Number).reverse();
  return Buffer.from(bytes).toString("hex").toUpperCase();
}

function readRows(file: string): string[][] | undefined {
  try {
    const lines = fs.readFileSync(file, "utf8").trimEnd().split("\n").slice(1);
    return lines.map((line) => line.trim().split(/\s+/));
  } catch {
    return undefined; // no /proc, or no IPv6
  }
}
