// The way to the upstream, put together from the options: where it is, whom to trust, how the key is
// sent, and what is added to every request.

import type { Secret } from "../../hardening/secret.ts";
import type { Credential } from "../oidc/credential.ts";
import { type ConnectLimits, Connector } from "./connector.ts";
import { UpstreamPool } from "./pool.ts";
import { makeSecureContext, type TrustOptions } from "./trust.ts";
import type { ForwardProxy } from "./tunnel.ts";

export interface UpstreamOptions extends TrustOptions, ConnectLimits {
  readonly upstreamUrl: URL;
  /** in lower case; how the key is sent */
  readonly upstreamAuthHeader: string;
  /** name, value, name, value, …: sent with every request, in place of the client's */
  readonly upstreamHeaders: readonly string[];
  readonly upstreamProxy: URL | undefined;
  /** name for SNI and in the certificate, where it is not the URL's */
  readonly upstreamServerName: string | undefined;
}

export interface Upstream {
  readonly pool: UpstreamPool;
  readonly isTls: boolean;
  /** path and query of every request */
  readonly path: string;
  /** in lower case */
  readonly authHeader: string;
  /** the header's value as undici sends it; the key takes the placeholder's place in the socket */
  readonly authValue: string;
  /** name, value, name, value, … */
  readonly addedHeaders: readonly string[];
  /** where the key is renewed, what a request asks before it goes out */
  readonly credential?: Credential;
}

// As large as what we take from clients.
const maxHeaderBytes = 64 * 1024;

// Spares the next request the handshake. Servers close idle connections after 60 s or more; one that
// has been closed is noticed before anything is written to it.
const keepAliveTimeoutMs = 30_000;

/**
 * Prepare the way to the upstream. Connects to nothing yet.
 *
 * @throws {StartError} PXY_START_UPSTREAM_CA, PXY_START_CLIENT_CERT
 */
export function openUpstream(options: UpstreamOptions, secret: Secret): Upstream {
  const { upstreamUrl: url, upstreamProxy: proxyUrl } = options;
  const host = url.hostname.replace(/^\[|\]$/g, "");
  const isTls = url.protocol === "https:";
  const connector = new Connector(
    {
      host,
      port: Number(url.port === "" ? (isTls ? 443 : 80) : url.port),
      secureContext: isTls ? makeSecureContext(options) : undefined,
      serverName: options.upstreamServerName ?? host,
      forwardProxy: proxyUrl === undefined ? undefined : makeForwardProxy(proxyUrl, options),
    },
    options,
    secret,
  );
  return {
    pool: new UpstreamPool(connector, { origin: url.origin, maxHeaderBytes, keepAliveTimeoutMs }),
    isTls,
    path: url.pathname + url.search,
    authHeader: options.upstreamAuthHeader,
    authValue: `${options.upstreamAuthHeader === "authorization" ? "Bearer " : ""}${secret.placeholder}`,
    addedHeaders: options.upstreamHeaders,
  };
}

/** The way through a forward proxy, which never gets to see the client certificate. */
export function makeForwardProxy(url: URL, options: TrustOptions): ForwardProxy {
  const trust = { ...options, upstreamClientCert: undefined, upstreamClientKey: undefined };
  return { url, secureContext: url.protocol === "https:" ? makeSecureContext(trust) : undefined };
}
