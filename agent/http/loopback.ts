// Hosts that are this machine whatever a name server says.

import { isIPv4, isIPv6 } from "node:net";

/**
 * @param host - a host name or address without port, IPv6 with or without brackets
 * @returns true for localhost, 127.0.0.0/8 and ::1; RFC 6761 6.3, RFC 1122 3.2.1.3, RFC 4291 2.5.3
 */
export function isLoopbackHost(host: string): boolean {
  const name = host.toLowerCase();
  if (name === "localhost" || name === "localhost.") return true;
  if (isIPv4(name)) return name.startsWith("127.");
  const address = name.replace(/^\[|\]$/g, "");
  return isIPv6(address) && (address === "::1" || /^(0{1,4}:){7}0{0,3}1$/.test(address));
}
