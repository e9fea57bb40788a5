// Refreshing the tokens of a ChatGPT login: when it is due, how it is asked for, and what a refusal means.

import type { Environment } from "../environment.ts";
import type { AuthDocument, IssuedTokens, Tokens } from "./auth-document.ts";
import { AuthError } from "./errors.ts";
import {
  defaultClientId,
  defaultIssuer,
  type IssuerClient,
  isSuccess,
  issuedTokens,
  refusalCode,
} from "./issuer.ts";
import { tokenClaims } from "./token-claims.ts";

const maxAgeMs = 8 * 24 * 60 * 60 * 1000;
const expiryMarginMs = 5 * 60 * 1000;
/** tokens that live shorter than the margin are not refreshed for every request */
const minAgeMs = 60_000;

/** Whether an access token has so little time left, or is so old, that a new one is due. */
export function isRefreshDue(document: AuthDocument, nowMs: number): boolean {
  const refreshedAt = Date.parse(document.last_refresh ?? "");
  const ageMs = nowMs - refreshedAt;
  const expiresAt = tokenClaims(document.tokens?.access_token)?.expiresAt;
  if (expiresAt !== undefined && expiresAt <= nowMs + expiryMarginMs) {
    return expiresAt <= nowMs || !(ageMs >= 0 && ageMs < minAgeMs);
  }
  return Number.isNaN(refreshedAt) ? expiresAt === undefined : ageMs > maxAgeMs;
}

/** Whether a token says of itself that its time is over. */
export function isExpired(tokens: Tokens, nowMs: number): boolean {
  const expiresAt = tokenClaims(tokens.access_token)?.expiresAt;
  return expiresAt !== undefined && expiresAt <= nowMs;
}

const refusals: Readonly<Record<string, string>> = {
  refresh_token_expired:
    "Your access token could not be refreshed because your refresh token has expired. Please log out and sign in again.",
  refresh_token_reused:
    "Your access token could not be refreshed because your refresh token was already used. Please log out and sign in again.",
  refresh_token_invalidated:
    "Your access token could not be refreshed because your refresh token was revoked. Please log out and sign in again.",
};
const refusedForNoKnownReason = "Your access token could not be refreshed. Please log out and sign in again.";

/**
 * Spend a refresh token. It is asked for once: a repetition could spend it twice.
 *
 * @throws {AuthError} AUTH_REFRESH_REFUSED where the issuer will not, now or later; AUTH_REFRESH_FAILED or
 *   AUTH_ISSUER_UNREACHABLE where another try may help
 */
export async function requestRefresh(
  send: IssuerClient,
  tokens: Tokens,
  environment: Environment,
): Promise<Partial<IssuedTokens>> {
  const refreshToken = tokens.refresh_token;
  if (!refreshToken) throw new AuthError("AUTH_REFRESH_REFUSED", refusedForNoKnownReason);
  const answer = await send({
    method: "POST",
    url: refreshUrl(environment),
    json: {
      client_id: clientIdOf(tokens),
      grant_type: "refresh_token",
      refresh_token: refreshToken,
      scope: "openid profile email",
    },
  });
  if (isSuccess(answer)) return issuedTokens(answer);
  const known = refusals[refusalCode(answer.text)?.toLowerCase() ?? ""];
  if (known !== undefined || answer.status === 401) {
    throw new AuthError("AUTH_REFRESH_REFUSED", known ?? refusedForNoKnownReason);
  }
  throw new AuthError("AUTH_REFRESH_FAILED", `the issuer answered the refresh with status ${answer.status}`);
}

/** Where refresh tokens are spent: CODEX_REFRESH_TOKEN_URL_OVERRIDE, or the original's fixed place. */
export function refreshUrl(environment: Environment): string {
  return environment.CODEX_REFRESH_TOKEN_URL_OVERRIDE || `${defaultIssuer}/oauth/token`;
}

/** To which client the tokens were issued: later versions write it down. */
export function clientIdOf(tokens: Tokens): string {
  const provenance = tokens.oauth_provenance as { client_id?: unknown } | undefined | null;
  return typeof provenance?.client_id === "string" ? provenance.client_id : defaultClientId;
}
