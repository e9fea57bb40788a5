// A tunnel to the upstream through a forward proxy, RFC 9110 9.3.6. The proxy sees the upstream's name
// and port; what goes through, the key included, is TLS between the two ends.

import http from "node:http";
import https from "node:https";
import type { Socket } from "node:net";
import type { SecureContext } from "node:tls";
import { ProxyError } from "../errors.ts";
import type { Attempt } from "./connector.ts";
import { reasonOf } from "./failure.ts";

/** A forward proxy, and whom to trust where it speaks TLS itself. */
export interface ForwardProxy {
  readonly url: URL;
  readonly secureContext: SecureContext | undefined;
}

/**
 * Ask a forward proxy for a connection to `host:port`.
 *
 * @param onOpen - called once, with a connected socket or with what went wrong
 */
export function openTunnel(
  proxy: ForwardProxy,
  host: string,
  port: number,
  onOpen: (error: Error | null, tunnel: Socket | null) => void,
): Attempt {
  const authority = `${host.includes(":") ? `[${host}]` : host}:${port}`;
  const options: https.RequestOptions = {
    method: "CONNECT",
    host: proxy.url.hostname.replace(/^\[|\]$/g, ""),
    path: authority,
    headers: { host: authority },
    agent: false,
    ...(proxy.url.port === "" ? {} : { port: proxy.url.port }),
    ...(proxy.secureContext === undefined ? {} : { secureContext: proxy.secureContext }),
  };
  const request = proxy.url.protocol === "https:" ? https.request(options) : http.request(options);
  request.on("connect", (response, socket, head) => {
    if (response.statusCode === 200 && head.length === 0) {
      (socket as Socket).setNoDelay(true);
      onOpen(null, socket as Socket);
      return;
    }
    socket.destroy();
    const { statusCode = 0 } = response;
    onOpen(
      refusal(statusCode === 200 ? "it sent bytes of its own into the tunnel" : `status ${statusCode}`),
      null,
    );
  });
  request.on("response", (response) => {
    response.destroy();
    onOpen(refusal(`status ${response.statusCode ?? 0}`), null);
  });
  request.on("error", (cause: NodeJS.ErrnoException) => {
    onOpen(new ProxyError("PXY_ERR_UPSTREAM", `--upstream-proxy: ${reasonOf(cause)}`, { cause }), null);
  });
  request.end();
  return { abort: () => request.destroy() };
}

function refusal(reason: string): ProxyError {
  return new ProxyError("PXY_ERR_UPSTREAM", `--upstream-proxy gave no tunnel: ${reason}`);
}
