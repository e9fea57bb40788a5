// The way to a provider: straight, or through the HTTP proxy of the environment. What stays on this
// machine never takes a detour, and nor does what is meant for our own proxy.

import { Agent, type Dispatcher, EnvHttpProxyAgent } from "undici";
import type { Environment } from "../environment.ts";
import { isLoopbackHost } from "../proxy-endpoint/loopback.ts";
import { ProviderError } from "./errors.ts";

const connectTimeoutMs = 30_000;

// How long an answer may take is for its reader to say.
const limits = { connect: { timeout: connectTimeoutMs }, headersTimeout: 0, bodyTimeout: 0 };

/**
 * @throws {ProviderError} PROVIDER_HTTP_PROXY for a variable that holds no URL; it may hold a password,
 *   so it is not repeated
 */
export function providerDispatcher(url: URL, environment: Environment): Dispatcher {
  const { httpProxy, httpsProxy, noProxy } = proxyVariables(environment);
  const proxy = url.protocol === "https:" ? httpsProxy : httpProxy;
  if (isLoopbackHost(url.hostname) || proxy === undefined) return new Agent(limits);
  if (!URL.canParse(proxy) || !/^https?:$/.test(new URL(proxy).protocol)) {
    throw new ProviderError(
      "PROVIDER_HTTP_PROXY",
      `${url.protocol === "https:" ? "HTTPS_PROXY" : "HTTP_PROXY"} is not a URL like http://proxy.example:3128`,
    );
  }
  // All three are said, or undici would look into process.env, where names are hidden.
  return new EnvHttpProxyAgent({
    ...limits,
    httpProxy: httpProxy ?? "",
    httpsProxy: httpsProxy ?? "",
    noProxy: noProxy ?? "",
  });
}

function proxyVariables(environment: Environment) {
  const first = (...names: string[]) => {
    for (const name of names) {
      const value = (environment[name] ?? environment[name.toUpperCase()])?.trim();
      if (value !== undefined && value !== "") return value.includes("://") ? value : `http://${value}`;
    }
    return undefined;
  };
  return {
    httpProxy: first("http_proxy", "all_proxy"),
    httpsProxy: first("https_proxy", "all_proxy"),
    noProxy: environment.no_proxy ?? environment.NO_PROXY,
  };
}
