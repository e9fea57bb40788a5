// The way to the upstream: one undici pool, connections without a ceiling, TLS settings made once.

import { constants } from "node:crypto";
import { readFileSync } from "node:fs";
import type { Socket } from "node:net";
import tls from "node:tls";
import type undici from "undici";
import type { Secret } from "../hardening/secret.ts";
import { spliceSecret } from "../hardening/splice.ts";
import { StartError } from "./errors.ts";
import type { Credential } from "./oidc/credential.ts";
import { buildConnector, Pool } from "./undici.ts";

export interface Upstream {
  readonly pool: undici.Pool;
  /** path and query of every request */
  readonly path: string;
  /** the value that undici sends as `authorization`; the key takes the placeholder's place in the socket */
  readonly authorization: string;
  /** where the key is renewed, what a request asks before it goes out */
  readonly credential?: Credential;
}

// TCP and TLS together. undici's own default; an upstream that is there answers in far less.
const connectTimeoutMs = 10_000;

// As large as what we take from clients.
const maxHeaderBytes = 64 * 1024;

/**
 * Prepare the way to the upstream. Connects to nothing yet.
 *
 * @param caFile - PEM certificates to trust besides Node's built-in ones
 * @throws {StartError} PXY_START_UPSTREAM_CA
 */
export function openUpstream(url: URL, caFile: string | undefined, secret: Secret): Upstream {
  const connect = buildConnector({
    timeout: connectTimeoutMs,
    // One context for all connections: making it parses every root certificate.
    secureContext: tls.createSecureContext({
      ...(caFile === undefined ? {} : { ca: trustedRoots(caFile) }),
      // In a renegotiation OpenSSL takes no data, and Node would keep a copy of the key until it does.
      secureOptions: constants.SSL_OP_NO_RENEGOTIATION,
    }),
  });
  const pool = new Pool(url.origin, {
    connect: spliceSecret(reportResets(connect), secret),
    connections: null, // streams last for minutes and must not wait for one another
    pipelining: 1,
    headersTimeout: 0,
    bodyTimeout: 0,
    maxHeaderSize: maxHeaderBytes,
  });
  return { pool, path: url.pathname + url.search, authorization: `Bearer ${secret.placeholder}` };
}

/**
 * Node's built-in roots and those of a file.
 *
 * @throws {StartError} PXY_START_UPSTREAM_CA
 */
export function trustedRoots(caFile: string): string[] {
  let pem: string;
  try {
    pem = readFileSync(caFile, "latin1");
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    throw new StartError("PXY_START_UPSTREAM_CA", `cannot read --upstream-ca ${caFile}: ${code}`, { cause });
  }
  const certificates = pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g);
  if (certificates === null) {
    throw new StartError("PXY_START_UPSTREAM_CA", `--upstream-ca ${caFile} holds no PEM certificate`);
  }
  try {
    tls.createSecureContext({ ca: certificates });
  } catch (cause) {
    throw new StartError(
      "PXY_START_UPSTREAM_CA",
      `--upstream-ca ${caFile} holds a certificate that cannot be parsed`,
      {
        cause,
      },
    );
  }
  return [...tls.rootCertificates, ...certificates];
}

// undici takes ECONNRESET on a body that ends with its connection for that body's end (a workaround
// for macOS). Under another code it stays the error that it is, and no truncated answer looks whole.
function reportResets(connect: undici.buildConnector.connector): undici.buildConnector.connector {
  return (options, callback) =>
    connect(options, (error, socket) => {
      (socket as Socket | null)?.prependListener("error", (cause: NodeJS.ErrnoException) => {
        if (cause.code === "ECONNRESET") cause.code = "UPSTREAM_RESET";
      });
      if (error === null) callback(null, socket as Socket);
      else callback(error, null);
    });
}
