// The way to a proxy for undici: straight there, through no HTTP proxy of the environment, and nothing is
// sent before it is sure that the connection has led to that proxy. Between a look and a connection somebody
// else may have taken the place of a proxy that ended.

import type { Dispatcher } from "undici";
import { Agent, buildConnector } from "../http/undici.ts";
import type { ProxyEndpoint } from "./endpoint.ts";

const connectTimeoutMs = 2_000;

/**
 * Make a dispatcher that connects to this endpoint alone, whatever URL it is given. Close it after use.
 *
 * A connection that has led elsewhere fails as one that was refused does: whoever asks looks again.
 */
export function proxyDispatcher({ address, requireSame }: ProxyEndpoint): Dispatcher {
  const { socketPath = null } = address;
  const connect = buildConnector({ timeout: connectTimeoutMs, socketPath });
  return new Agent({
    connect: (options, callback) =>
      connect(options, (...[error, socket]) => {
        if (error !== null) return callback(error, null);
        try {
          requireSame();
        } catch (cause) {
          socket.destroy();
          return callback(new Error("the connection has not led to the proxy", { cause }), null);
        }
        callback(null, socket);
      }),
    // How long an answer may take is for its reader to say.
    headersTimeout: 0,
    bodyTimeout: 0,
  });
}
