// How the agent reaches servers of the outside world: through HTTPS_PROXY, HTTP_PROXY or ALL_PROXY, past
// them for NO_PROXY and for this machine, and trusting the roots that the system trusts, which SSL_CERT_FILE
// replaces and CODEX_CA_CERTIFICATE adds to. Whoever makes such a request takes his dispatcher from here;
// requests to a local proxy of ours do not.

import { X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import tls from "node:tls";
import type { Dispatcher } from "undici";
import type { Environment } from "../environment.ts";
import { AgentError } from "../errors.ts";
import { isLoopbackHost } from "./loopback.ts";
import { isExempt } from "./no-proxy.ts";

/** What a dispatcher is made from; a timeout of 0 is none. */
export interface DispatcherOptions {
  /** no answer's head for so long is a failure; a stream of events may pause longer */
  readonly headersTimeoutMs?: number;
  readonly bodyTimeoutMs?: number;
  readonly connectTimeoutMs?: number;
}

/**
 * Make a dispatcher for undici's `request` and `fetch`. Close it when it is no longer needed.
 *
 * @param url - where requests go; the dispatcher is good for its origin alone
 * @throws {AgentError} HTTP_CA_FILE, HTTP_PROXY_URL
 */
export async function openDispatcher(
  url: URL,
  environment: Environment,
  options: DispatcherOptions = {},
): Promise<Dispatcher> {
  const { Agent, ProxyAgent } = await import("./undici.ts");
  const { headersTimeoutMs = 30_000, bodyTimeoutMs = 30_000, connectTimeoutMs = 10_000 } = options;
  const timeouts = { headersTimeout: headersTimeoutMs, bodyTimeout: bodyTimeoutMs };
  const proxy = proxyTo(url, environment);
  const isSecure = url.protocol === "https:" || proxy?.startsWith("https:");
  const connect = {
    timeout: connectTimeoutMs,
    // Made once: reading some three hundred certificates for each connection takes as long as the handshake.
    ...(isSecure ? { secureContext: tls.createSecureContext({ ca: trustedRoots(environment) }) } : {}),
  };
  if (proxy === undefined) return new Agent({ ...timeouts, connect });
  return new ProxyAgent({ ...timeouts, uri: proxy, requestTls: connect, proxyTls: connect });
}

/**
 * The HTTP proxy for a URL, if there is one. What stays on this machine never takes a detour.
 *
 * @throws {AgentError} HTTP_PROXY_URL
 */
function proxyTo(url: URL, environment: Environment): string | undefined {
  if (isLoopbackHost(url.hostname)) return undefined;
  const own = url.protocol === "https:" ? "HTTPS_PROXY" : "HTTP_PROXY";
  // In a CGI, HTTP_PROXY is the client's Proxy header; only the small letters are the user's there.
  const isCgi = environment.REQUEST_METHOD !== undefined;
  const names = [
    own.toLowerCase(),
    ...(isCgi && own === "HTTP_PROXY" ? [] : [own]),
    "all_proxy",
    "ALL_PROXY",
  ];
  const name = names.find((candidate) => environment[candidate]?.trim());
  if (name === undefined) return undefined;
  if (isExempt(url, environment.no_proxy || environment.NO_PROXY || "")) return undefined;
  return checked(name, environment[name]?.trim() ?? "");
}

// The value may hold a password: it is not shown.
function checked(name: string, value: string): string {
  const text = /^[a-z][a-z0-9+.-]*:\/\//i.test(value) ? value : `http://${value}`;
  const proxy = URL.canParse(text) ? new URL(text) : undefined;
  if (proxy?.protocol === "http:" || proxy?.protocol === "https:") return text;
  throw new AgentError(`${name} is not the URL of an HTTP proxy`, {
    code: "HTTP_PROXY_URL",
    hint: "give a URL like http://proxy.example:3128",
  });
}

// Where distributions keep the roots that their administrators add to.
const systemBundles = [
  "/etc/ssl/certs/ca-certificates.crt",
  "/etc/pki/tls/certs/ca-bundle.crt",
  "/etc/ssl/ca-bundle.pem",
  "/etc/ssl/cert.pem",
];

/**
 * PEM texts of the certificates to trust.
 *
 * @throws {AgentError} HTTP_CA_FILE
 */
function trustedRoots(environment: Environment): string[] {
  const own = environment.SSL_CERT_FILE;
  const roots = own ? [readPem("SSL_CERT_FILE", own)] : [...tls.rootCertificates, ...systemRoots()];
  const added = environment.CODEX_CA_CERTIFICATE;
  if (added) roots.push(readPem("CODEX_CA_CERTIFICATE", added));
  return roots;
}

function systemRoots(): string[] {
  for (const path of systemBundles) {
    try {
      return [readFileSync(path, "utf8")];
    } catch {
      // The next one, or none.
    }
  }
  return [];
}

function readPem(name: string, path: string): string {
  const refusal = (what: string, cause?: unknown) =>
    new AgentError(`${name}: ${path} ${what}`, {
      code: "HTTP_CA_FILE",
      hint: "give a PEM file with at least one certificate",
      cause,
    });
  let pem: string;
  try {
    pem = readFileSync(path, "utf8");
  } catch (cause) {
    throw refusal(`cannot be read (${(cause as NodeJS.ErrnoException).code ?? "unknown error"})`, cause);
  }
  try {
    // The first of them; OpenSSL passes over what it cannot read.
    new X509Certificate(pem);
  } catch (cause) {
    throw refusal("has no certificate that can be read", cause);
  }
  return pem;
}
