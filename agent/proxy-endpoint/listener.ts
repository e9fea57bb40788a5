// Whose a listening TCP port of this machine is, by the kernel's table. Where a proxy has died, anybody
// may have taken its port.

import fs from "node:fs";
import { isIPv4 } from "node:net";

const listening = "0A"; // TCP_LISTEN in include/net/tcp_states.h

/**
 * @param address - a loopback address without brackets
 * @returns uids of the sockets that take connections there; none where the kernel does not say
 */
export function listenersOf(address: string, port: number): readonly number[] {
  const ends = [toHex(address), ...(isIPv4(address) ? [anyV4] : []), anyV6].map(
    (host) => `${host}:${portHex(port)}`,
  );
  return ["/proc/net/tcp", "/proc/net/tcp6"]
    .flatMap(readRows)
    .filter(([, local, , state]) => state === listening && ends.includes(local ?? ""))
    .map((row) => Number(row[7]));
}

const anyV4 = "00000000";
const anyV6 = "0".repeat(32);

function portHex(port: number): string {
  return port.toString(16).toUpperCase().padStart(4, "0");
}

// Each group of four bytes stands there as a number of the machine, little-endian wherever Node runs.
function toHex(address: string): string {
  if (!isIPv4(address)) return `${"0".repeat(24)}01000000`; // the only one of IPv6 is ::1
  const bytes = address.split(".").map(Number).reverse();
  return Buffer.from(bytes).toString("hex").toUpperCase();
}

function readRows(file: string): string[][] {
  try {
    const lines = fs.readFileSync(file, "utf8").split("\n").slice(1);
    return lines.map((line) => line.trim().split(/\s+/));
  } catch {
    return []; // no /proc, or no IPv6
  }
}
