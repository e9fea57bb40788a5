// The parts of undici that the agent sends with, by their files: the package's own entry loads fetch, mocks,
// caches and WebSockets as well, and with them Node's copy of it all, which took 55 of the 85 ms before a
// first request.

import { createRequire } from "node:module";
import v8 from "node:v8";
import type { buildConnector as BuildConnector, Dispatcher } from "undici";

type Undici = typeof import("undici");

// A process that lives for one answer has no use for an optimised HTTP parser, and would wait at its end
// until the compiler is done with it, some 90 ms. Work of a hundred times the default budget still earns one.
v8.setFlagsFromString("--wasm-tiering-budget=180000000");

const require = createRequire(import.meta.url);
// What the package's entry does: `request`, and the `connect` that tunnels need, become methods.
Object.assign(require("undici/lib/dispatcher/dispatcher.js").prototype, require("undici/lib/api"));

export const Agent: Undici["Agent"] = require("undici/lib/dispatcher/agent.js");
export const ProxyAgent: Undici["ProxyAgent"] = require("undici/lib/dispatcher/proxy-agent.js");
export const buildConnector: typeof BuildConnector = require("undici/lib/core/connect.js");

type RequestOptions = Omit<Dispatcher.RequestOptions, "origin" | "path" | "method"> & {
  readonly method?: Dispatcher.HttpMethod;
};

/** Send one request by a dispatcher; redirects are not followed. */
export function request(
  url: URL,
  dispatcher: Dispatcher,
  options: RequestOptions,
): Promise<Dispatcher.ResponseData> {
  const path = `${url.pathname}${url.search}`;
  return dispatcher.request({ ...options, method: options.method ?? "GET", origin: url.origin, path });
}
