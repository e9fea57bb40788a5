// NO_PROXY: which hosts are reached without the HTTP proxy. As curl and the original read it: a name stands
// for itself and everything below it, addresses may be networks, and `*` is every host.

import { BlockList, isIP } from "node:net";

/**
 * @param url - of the request
 * @param noProxy - names, addresses, CIDR networks, each with a port or without, separated by commas or blanks
 */
export function isExempt(url: URL, noProxy: string): boolean {
  const host = bare(url.hostname);
  const port = url.port || (url.protocol === "https:" ? "443" : "80");
  return noProxy
    .split(/[\s,]+/)
    .filter((entry) => entry !== "")
    .some((entry) => matches(entry.toLowerCase(), host, port));
}

function matches(entry: string, host: string, port: string): boolean {
  if (entry === "*") return true;
  const { name, onlyPort } = split(entry);
  if (onlyPort !== undefined && onlyPort !== port) return false;
  if (isIP(host) !== 0) return isInNetwork(host, name);
  const domain = name.replace(/^\*?\./, "");
  return domain !== "" && (host === domain || host.endsWith(`.${domain}`));
}

function split(entry: string): { readonly name: string; readonly onlyPort?: string } {
  const parts = /^(\[[^\]]*\]|[^:]*):(\d+)$/.exec(entry);
  return parts === null ? { name: bare(entry) } : { name: bare(parts[1] ?? ""), onlyPort: parts[2] ?? "" };
}

function isInNetwork(address: string, network: string): boolean {
  const [base = "", bits] = network.split("/");
  const family = isIP(base);
  if (family === 0 || (bits !== undefined && !/^\d{1,3}$/.test(bits))) return false;
  const longest = family === 6 ? 128 : 32;
  const list = new BlockList();
  list.addSubnet(base, Math.min(Number(bits ?? longest), longest), family === 6 ? "ipv6" : "ipv4");
  return list.check(address, isIP(address) === 6 ? "ipv6" : "ipv4");
}

function bare(host: string): string {
  return host.replace(/^\[|\]$/g, "").replace(/\.$/, "");
}
