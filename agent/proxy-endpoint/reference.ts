// What `--proxy`, CODEX_PROXY and `proxy` in config.toml may say: a server info file, a URL, or unix:PATH.

import { isAbsolute } from "node:path";
import { ProxyEndpointError } from "./errors.ts";

export type ProxyReference =
  | { readonly kind: "server-info"; readonly file: string }
  | { readonly kind: "url"; readonly baseUrl: string }
  /** the path, or `@name` of an abstract socket */
  | { readonly kind: "socket"; readonly socket: string };

/**
 * Tell the three forms apart.
 *
 * @throws {ProxyEndpointError} PROXY_REFERENCE
 */
export function parseProxyReference(text: string): ProxyReference {
  if (/^https?:/i.test(text)) return { kind: "url", baseUrl: baseUrlOf(text) };
  if (/^unix:/i.test(text)) return { kind: "socket", socket: socketOf(text.slice("unix:".length)) };
  if (/^[a-z][a-z0-9+.-]*:\/\//i.test(text)) {
    throw new ProxyEndpointError("PROXY_REFERENCE", `proxy: this is no address of a proxy: ${text}`);
  }
  if (/^([\w.-]+|\[[\da-f:.]+\]):\d+(\/v1)?$/i.test(text)) {
    throw new ProxyEndpointError("PROXY_REFERENCE", `proxy: ${text} is neither a URL nor a file`, {
      hint: `for a port give http://${text}`,
    });
  }
  return { kind: "server-info", file: text };
}

function socketOf(text: string): string {
  const socket = text.replace(/^\/\/(?=\/)/, ""); // unix:///run/x as well
  if (/^@[^\0]+$/.test(socket) || (isAbsolute(socket) && !socket.includes("\0"))) return socket;
  throw new ProxyEndpointError(
    "PROXY_REFERENCE",
    "proxy: unix: wants an absolute path, or @NAME of an abstract socket",
  );
}

function baseUrlOf(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  // The text itself is not repeated where it may hold a password.
  if (url === undefined || url.hostname === "") {
    throw new ProxyEndpointError("PROXY_REFERENCE", "proxy: this is not a URL like http://127.0.0.1:8642/v1");
  }
  if (url.username !== "" || url.password !== "" || url.search !== "" || url.hash !== "") {
    throw new ProxyEndpointError(
      "PROXY_REFERENCE",
      `proxy: a URL without user name, query and fragment is wanted, like ${url.origin}/v1`,
    );
  }
  const path = url.pathname.replace(/\/+$/, "").replace(/\/responses$/, "");
  if (path !== "" && !path.endsWith("/v1")) {
    throw new ProxyEndpointError("PROXY_REFERENCE", `proxy: the path of the URL is /v1: ${url.origin}/v1`);
  }
  return `${url.origin}${path === "" ? "/v1" : path}`;
}
