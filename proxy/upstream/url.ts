// Which URLs are taken for the upstream, and for a proxy on the way to it. The key goes there: no plain
// http over a network unless told so, and nothing in the URL that would be dropped or shown.

import { StartError } from "../errors.ts";
import { isLoopbackHost } from "../loopback.ts";

// The launcher reads the port too, for its rule on connections: only forms that have one reading. URL
// forgives what is not; an empty user name, for one, is not there to see in its result.
const plainForm = /^https?:\/\/[^/?#@\\\s\p{Cc}]+([/?#][^\\\s\p{Cc}]*)?$/iu;

/**
 * Check the value of `--upstream-url`.
 *
 * @param allowInsecure - take http to hosts other than loopback
 * @throws {StartError} PXY_START_UPSTREAM_URL, PXY_START_INSECURE_UPSTREAM; neither quotes userinfo
 */
export function parseUpstreamUrl(text: string, allowInsecure: boolean): URL {
  let url: URL;
  try {
    url = new URL(text);
  } catch (cause) {
    throw refuse("it is not an absolute URL", cause);
  }
  if (url.protocol !== "https:" && url.protocol !== "http:") {
    throw refuse("its scheme is not https");
  }
  if (url.username !== "" || url.password !== "") throw refuse("it holds a user name or password");
  if (!plainForm.test(text)) throw refuse("it is not an absolute URL");
  if (url.hash !== "" || text.includes("#")) throw refuse("it holds a fragment");
  if (url.protocol === "http:" && !allowInsecure && !isLoopbackHost(url.hostname)) {
    throw new StartError(
      "PXY_START_INSECURE_UPSTREAM",
      `--upstream-url is http to ${url.hostname}: the key would cross the network in the clear`,
    );
  }
  return url;
}

/**
 * Check the value of `--upstream-proxy`.
 *
 * @throws {StartError} PXY_START_UPSTREAM_PROXY; it quotes nothing
 */
export function parseProxyUrl(text: string): URL {
  const url = /^https?:/i.test(text) && URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined) throw refuseProxy("it is not an absolute http or https URL");
  // The command line is there for everyone on the machine to read.
  if (url.username !== "" || url.password !== "") throw refuseProxy("it holds a user name or password");
  if (!plainForm.test(text)) throw refuseProxy("it is not an absolute http or https URL");
  if (url.pathname !== "/" || url.search !== "" || text.includes("#")) {
    throw refuseProxy("it holds more than a host and a port");
  }
  return url;
}

function refuseProxy(reason: string): StartError {
  return new StartError("PXY_START_UPSTREAM_PROXY", `parsing --upstream-proxy: ${reason}`);
}

function refuse(reason: string, cause?: unknown): StartError {
  return new StartError("PXY_START_UPSTREAM_URL", `parsing --upstream-url: ${reason}`, { cause });
}
