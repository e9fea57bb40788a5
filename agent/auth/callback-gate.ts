// Who may speak to the callback server. It listens on loopback only; what remains is the user's own browser
// in the hands of a web page: by a name that was made to mean 127.0.0.1, or by a request across sites.

import type { IncomingMessage } from "node:http";

/** Whether the request names this server as the browser was told to: the Host of a rebound name differs. */
export function isAddressedHere(request: IncomingMessage, port: number): boolean {
  const host = request.headers.host?.toLowerCase();
  return host === `localhost:${port}` || host === `127.0.0.1:${port}`;
}

/** Whether the browser goes there: a picture, frame or script of a page brings no login. */
export function isNavigation(request: IncomingMessage): boolean {
  const destination = request.headers["sec-fetch-dest"];
  return destination === undefined || destination === "document";
}

/**
 * Whether a request to cancel comes from a program or from the user himself, not from a page. A codex that
 * wants the port sends none of these headers; a browser always sends one of them.
 */
export function mayCancel(request: IncomingMessage): boolean {
  const { headers } = request;
  const site = headers["sec-fetch-site"];
  if (site !== undefined) return site === "none";
  const isBrowser = headers["user-agent"]?.includes("Mozilla/") ?? false;
  return headers.origin === undefined && headers.referer === undefined && !isBrowser;
}
