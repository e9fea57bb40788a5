// Whose a listening TCP port of this machine is, by the kernel's table. Where a proxy has died, anybody
// may have taken its port.

import fs from "node:fs";
import { isIPv4 } from "node:net";

const listening = "0A"; // TCP_LISTEN in include/net/tcp_states.h

/**
 * @param address - a loopback address without brackets
 * @returns uids of the sockets that take the connections made there: those bound to the address, or else
 *   to all of them; undefined where the kernel does not say
 */
export function listenersOf(address: string, port: number): readonly number[] | undefined {
  const tables = ["/proc/net/tcp", "/proc/net/tcp6"].map(readRows);
  if (tables[0] === undefined) return undefined;
  const rows = tables.flatMap((table) => table ?? []).filter(([, , , state]) => state === listening);
  const uidsAt = (hosts: readonly string[]) =>
    rows
      .filter(([, local]) => hosts.some((host) => local === `${host}:${portHex(port)}`))
      .map((row) => Number(row[7]));
  const exact = uidsAt(isIPv4(address) ? [v4Hex(address), mappedPrefix + v4Hex(address)] : [loopbackV6]);
  return exact.length > 0 ? exact : uidsAt(isIPv4(address) ? [anyV4, anyV6] : [anyV6]);
}

// Each group of four bytes stands there as a number of the machine, little-endian wherever Node runs.
const anyV4 = "00000000";
const anyV6 = "0".repeat(32);
const loopbackV6 = `${"0".repeat(24)}01000000`; // ::1
const mappedPrefix = "0000000000000000FFFF0000"; // ::ffff:0:0/96: such a socket takes connections of IPv4

function portHex(port: number): string {
  return port.toString(16).toUpperCase().padStart(4, "0");
}

function v4Hex(address: string): string {
  const bytes = address.split(".").map(Number).reverse();
  return Buffer.from(bytes).toString("hex").toUpperCase();
}

function readRows(file: string): string[][] | undefined {
  try {
    const lines = fs.readFileSync(file, "utf8").split("\n").slice(1);
    return lines.map((line) => line.trim().split(/\s+/));
  } catch {
    return undefined; // no /proc, or no IPv6
  }
}
