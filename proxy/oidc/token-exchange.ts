// From GitHub's request token to OpenAI's access token, in two requests: GitHub gives the job's JWT,
// OpenAI exchanges it (RFC 8693). The tokens go from reply to request in secret memory.

import type { Socket } from "node:net";
import type { SecureContext } from "node:tls";
import {
  errorCodeOf,
  exchangeSecret,
  ReplyError,
  type SecretReply,
} from "../../hardening/secret-exchange.ts";
import type { TakenToken, WorkloadTokens } from "../../hardening/workload-tokens.ts";
import { reasonOf } from "../upstream/failure.ts";
import { type ForwardProxy, openTunnel } from "../upstream/tunnel.ts";
import { version } from "../version.ts";
import { WorkloadIdentityError, type WorkloadIdentityErrorCode } from "./errors.ts";
import type { WorkloadIdentity } from "./workload-identity.ts";

const tokenUrl = new URL("https://auth.openai.com/oauth/token");

/** How the token services are reached. */
export interface WayToTokens {
  readonly secureContext: SecureContext;
  /** undefined for none */
  readonly forwardProxy: ForwardProxy | undefined;
}

// For each of the two requests, connection included. Both answer within a second or two.
const requestTimeoutMs = 15_000;

// A year. What is longer, or zero, was not meant.
const maxLifetimeSeconds = 31_536_000;

/**
 * Fetch a new access token and take it into use.
 *
 * @returns for how long it can be used, in milliseconds from the moment at which this was called
 * @throws {WorkloadIdentityError}
 */
export async function renewAccessToken(
  identity: WorkloadIdentity,
  tokens: WorkloadTokens,
  way: WayToTokens,
): Promise<number> {
  try {
    await fetchSubjectToken(identity, tokens, way);
    const lifetimeMs = await exchangeSubjectToken(identity, tokens, way);
    tokens.useAccessToken();
    return lifetimeMs;
  } finally {
    tokens.endExchange();
  }
}

async function fetchSubjectToken(
  identity: WorkloadIdentity,
  tokens: WorkloadTokens,
  way: WayToTokens,
): Promise<void> {
  const { requestUrl, audience } = identity;
  const query = `${requestUrl.search === "" ? "?" : "&"}${new URLSearchParams({ audience })}`;
  const reply = await send("OIDC_ERR_GITHUB", requestUrl, tokens, way, [
    head("GET", requestUrl, `${requestUrl.pathname}${requestUrl.search}${query}`),
    "authorization: Bearer ",
    tokens.requestToken,
    "\r\n\r\n",
  ]);
  const taken = tokens.takeSubjectToken(reply.body, "value");
  if ("failure" in taken) throw new WorkloadIdentityError("OIDC_ERR_GITHUB", replyFaults[taken.failure]);
}

async function exchangeSubjectToken(
  identity: WorkloadIdentity,
  tokens: WorkloadTokens,
  way: WayToTokens,
): Promise<number> {
  // A bare token's characters need no escape in JSON, so that it can be written as it lies.
  const [before = "", after = ""] = JSON.stringify({
    grant_type: "urn:ietf:params:oauth:grant-type:token-exchange",
    subject_token_type: "urn:ietf:params:oauth:token-type:jwt",
    identity_provider_id: identity.identityProviderId,
    service_account_id: identity.serviceAccountId,
    subject_token: "",
  }).split(/(?="\}$)/);
  const length = Buffer.byteLength(before) + tokens.subjectToken.length + after.length;
  const reply = await send("OIDC_ERR_EXCHANGE", tokenUrl, tokens, way, [
    head("POST", tokenUrl, tokenUrl.pathname),
    `content-type: application/json\r\ncontent-length: ${length}\r\n\r\n`,
    Buffer.from(before),
    tokens.subjectToken,
    after,
  ]);
  const taken = tokens.takeAccessToken(reply.body, "access_token");
  return readLifetime(taken, Date.now());
}

function head(method: string, url: URL, target: string): string {
  return (
    `${method} ${target} HTTP/1.1\r\nhost: ${url.host}\r\naccept: application/json\r\n` +
    `user-agent: codex-responses-api-proxy/${version}\r\nconnection: close\r\n`
  );
}

async function send(
  failure: WorkloadIdentityErrorCode,
  url: URL,
  tokens: WorkloadTokens,
  way: WayToTokens,
  parts: readonly (string | Uint8Array)[],
): Promise<SecretReply> {
  const replyMemory = tokens.replyMemory();
  if (replyMemory === undefined) throw new WorkloadIdentityError("OIDC_ERR_STILL_WRITING");
  const host = url.hostname.replace(/^\[|\]$/g, "");
  const port = url.port === "" ? 443 : Number(url.port);
  let reply: SecretReply;
  try {
    reply = await exchangeSecret({
      host,
      port,
      tunnel: await tunnelTo(host, port, way.forwardProxy),
      secureContext: way.secureContext,
      parts,
      replyMemory,
      timeoutMs: requestTimeoutMs,
    });
  } catch (cause) {
    throw new WorkloadIdentityError(failure, reasonOf(cause), { cause });
  }
  if (reply.status !== 200) {
    const code = errorCodeOf(reply);
    throw new WorkloadIdentityError(
      failure,
      `HTTP status ${reply.status}${code === undefined ? "" : ` (${code})`}`,
    );
  }
  return reply;
}

function tunnelTo(
  host: string,
  port: number,
  forwardProxy: ForwardProxy | undefined,
): Promise<Socket | undefined> {
  if (forwardProxy === undefined) return Promise.resolve(undefined);
  return new Promise((resolve, reject) => {
    const attempt = openTunnel(forwardProxy, host, port, (error, tunnel) => {
      clearTimeout(timer);
      if (tunnel === null) reject(error);
      else resolve(tunnel);
    });
    const timer = setTimeout(() => {
      attempt.abort();
      reject(new ReplyError("REPLY_TIMEOUT"));
    }, requestTimeoutMs);
  });
}

const replyFaults = {
  MALFORMED: "its reply is not one well-formed JSON object",
  NO_TOKEN: "its reply holds no token",
  BAD_CHARACTER: "its reply holds a token with a character that none has",
  TOO_LARGE: "its reply holds a token that is too long",
} as const;

function readLifetime(taken: TakenToken, nowMs: number): number {
  if ("failure" in taken) throw new WorkloadIdentityError("OIDC_ERR_REPLY", replyFaults[taken.failure]);
  const { tokenType, issuedType, expiresIn, expiresAt } = taken;
  for (const [name, isAbsent] of [
    ["token_type", tokenType === "absent"],
    ["issued_token_type", issuedType === "absent"],
    ["expires_in", expiresIn === -1],
  ] as const) {
    if (isAbsent) throw new WorkloadIdentityError("OIDC_ERR_REPLY", `it has no ${name}`);
  }
  if (tokenType === "wrong" || issuedType === "wrong") throw new WorkloadIdentityError("OIDC_ERR_TOKEN_TYPE");
  if (expiresIn <= 0 || expiresIn > maxLifetimeSeconds || expiresAt === -2) {
    throw new WorkloadIdentityError("OIDC_ERR_LIFETIME");
  }
  if (expiresAt === -1) return expiresIn * 1000;
  const untilMs = expiresAt * 1000 - nowMs;
  if (untilMs <= 0) throw new WorkloadIdentityError("OIDC_ERR_EXPIRED");
  return Math.min(expiresIn * 1000, untilMs);
}
