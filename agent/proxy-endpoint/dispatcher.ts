// The way to a proxy for undici: straight there, through no HTTP proxy of the environment.

import { Agent, type Dispatcher } from "undici";
import type { ProxyAddress } from "./endpoint.ts";

const connectTimeoutMs = 2_000;

/** Make a dispatcher that connects to this address alone, whatever URL it is given. Close it after use. */
export function proxyDispatcher({ socketPath }: ProxyAddress): Dispatcher {
  return new Agent({
    connect: { timeout: connectTimeoutMs, ...(socketPath !== undefined && { socketPath }) },
    // How long an answer may take is for its reader to say.
    headersTimeout: 0,
    bodyTimeout: 0,
  });
}
