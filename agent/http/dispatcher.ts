// How the agent reaches servers of the outside world: through HTTPS_PROXY, HTTP_PROXY or ALL_PROXY, past
// them for NO_PROXY, and trusting the roots that the system trusts, which SSL_CERT_FILE replaces and
// CODEX_CA_CERTIFICATE adds to. Any part that makes such a request takes its dispatcher from here; requests
// to a local proxy of ours do not.

import { X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import tls from "node:tls";
import type { Dispatcher } from "undici";
import type { Environment } from "../environment.ts";
import { AgentError } from "../errors.ts";

/** What a dispatcher is made from. */
export interface DispatcherOptions {
  /** no answer's head for so long is a failure; a stream of events may pause longer */
  readonly headersTimeoutMs?: number;
  readonly bodyTimeoutMs?: number;
  readonly connectTimeoutMs?: number;
}

/**
 * Make a dispatcher for undici's `request` and `fetch`. Close it when it is no longer needed.
 *
 * @throws {AgentError} HTTP_CA_FILE, HTTP_PROXY_URL
 */
export async function openDispatcher(
  environment: Environment,
  options: DispatcherOptions = {},
): Promise<Dispatcher> {
  const { Agent, EnvHttpProxyAgent } = await import("undici");
  const { headersTimeoutMs = 30_000, bodyTimeoutMs = 30_000, connectTimeoutMs = 10_000 } = options;
  const ca = trustedRoots(environment);
  const settings = {
    headersTimeout: headersTimeoutMs,
    bodyTimeout: bodyTimeoutMs,
    connect: { ca, timeout: connectTimeoutMs },
  };
  const proxies = proxiesOf(environment);
  if (proxies.httpProxy === "" && proxies.httpsProxy === "") return new Agent(settings);
  return new EnvHttpProxyAgent({ ...settings, ...proxies, requestTls: { ca }, proxyTls: { ca } });
}

// In a CGI, HTTP_PROXY is the client's Proxy header; only the small letters are the user's there.
function proxiesOf(environment: Environment) {
  const isCgi = environment.REQUEST_METHOD !== undefined;
  const pick = (name: string) => environment[name.toLowerCase()] || environment[name] || "";
  const all = pick("ALL_PROXY");
  const http = isCgi ? (environment.http_proxy ?? "") : pick("HTTP_PROXY");
  const httpProxy = checked("HTTP_PROXY", http || all);
  const httpsProxy = checked("HTTPS_PROXY", pick("HTTPS_PROXY") || all);
  return { httpProxy, httpsProxy, noProxy: pick("NO_PROXY") };
}

// The value may hold a password: it is not shown.
function checked(name: string, value: string): string {
  if (value === "") return value;
  const text = /^[a-z][a-z0-9+.-]*:\/\//i.test(value) ? value : `http://${value}`;
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol === "http:" || url?.protocol === "https:") return text;
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
export function trustedRoots(environment: Environment): string[] {
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
