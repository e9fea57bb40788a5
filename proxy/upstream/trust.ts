// Whom the proxy believes to be the upstream, and who it says it is itself: one TLS context for all
// connections, made once, because making it parses every root certificate.

import { constants } from "node:crypto";
import { readFileSync } from "node:fs";
import tls, { type SecureContext } from "node:tls";
import { StartError, type StartFailureCode } from "../errors.ts";

export interface TrustOptions {
  /** PEM certificates to trust besides Node's built-in ones */
  readonly upstreamCa: string | undefined;
  /** PEM chain to show to an upstream that asks, with its key in the other file */
  readonly upstreamClientCert: string | undefined;
  readonly upstreamClientKey: string | undefined;
  readonly upstreamTlsMinVersion: "TLSv1.2" | "TLSv1.3";
}

/**
 * Read the files and make the context.
 *
 * @throws {StartError} PXY_START_UPSTREAM_CA, PXY_START_CLIENT_CERT
 */
export function makeSecureContext(options: TrustOptions): SecureContext {
  const { upstreamCa, upstreamClientCert, upstreamClientKey } = options;
  const base = {
    minVersion: options.upstreamTlsMinVersion,
    // In a renegotiation OpenSSL takes no data, and Node would keep a copy of the key until it does.
    secureOptions: constants.SSL_OP_NO_RENEGOTIATION,
    ...(upstreamCa === undefined ? {} : { ca: trustedRoots(upstreamCa) }),
  };
  if (upstreamClientCert === undefined || upstreamClientKey === undefined) {
    if (upstreamClientCert === upstreamClientKey) return tls.createSecureContext(base);
    const missing = upstreamClientCert === undefined ? "--upstream-client-cert" : "--upstream-client-key";
    throw new StartError(
      "PXY_START_CLIENT_CERT",
      `--upstream-client-cert and --upstream-client-key belong together: ${missing} is missing`,
    );
  }
  const cert = readPem("PXY_START_CLIENT_CERT", "--upstream-client-cert", upstreamClientCert);
  const key = readPem("PXY_START_CLIENT_CERT", "--upstream-client-key", upstreamClientKey);
  try {
    return tls.createSecureContext({ ...base, cert, key });
  } catch (cause) {
    throw new StartError("PXY_START_CLIENT_CERT", `the client certificate cannot be used: ${reason(cause)}`, {
      cause,
    });
  } finally {
    key.fill(0);
  }
}

const reasons: Readonly<Record<string, string>> = {
  ERR_OSSL_X509_KEY_VALUES_MISMATCH: "its key belongs to another certificate",
  ERR_MISSING_PASSPHRASE: "its key is encrypted; give one without a passphrase",
  ERR_OSSL_BAD_DECRYPT: "its key is encrypted; give one without a passphrase",
};

// OpenSSL's own words are about its insides; the code is enough to look it up.
function reason(cause: unknown): string {
  const { code = "unknown" } = cause as NodeJS.ErrnoException;
  return reasons[code] ?? `not PEM that can be parsed (${code})`;
}

function readPem(code: StartFailureCode, option: string, file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (cause) {
    const { code: errno } = cause as NodeJS.ErrnoException;
    throw new StartError(code, `cannot read ${option} ${file}: ${errno}`, { cause });
  }
}

/**
 * Node's built-in roots and those of a file.
 *
 * @throws {StartError} PXY_START_UPSTREAM_CA
 */
export function trustedRoots(caFile: string): string[] {
  const pem = readPem("PXY_START_UPSTREAM_CA", "--upstream-ca", caFile).toString("latin1");
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
      { cause },
    );
  }
  return [...tls.rootCertificates, ...certificates];
}
