// The end of a refresh token: a copy of it, in a backup or on another machine, is worth nothing after a logout.

import type { Environment } from "../environment.ts";
import { type AuthDocument, storedLogin } from "./auth-document.ts";
import { AuthError } from "./errors.ts";
import { type IssuerClient, isSuccess, issuerClient } from "./issuer.ts";
import { clientIdOf, refreshUrl } from "./refresh.ts";

/** a logout waits no longer than this */
const longestMs = 5_000;

/**
 * Tell the issuer that the tokens of a login are to be good no more; nothing is sent for other logins.
 *
 * @throws {AuthError} AUTH_ISSUER_UNREACHABLE, AUTH_ISSUER_REFUSED, AUTH_ISSUER_ANSWER
 */
export async function revokeLogin(
  document: AuthDocument | undefined,
  environment: Environment,
  send: IssuerClient = issuerClient(environment, longestMs),
): Promise<void> {
  const login = storedLogin(document);
  if (login.kind !== "chatgpt" || !login.tokens.refresh_token) return;
  const answer = await send({
    method: "POST",
    url: revokeUrl(environment),
    json: {
      token: login.tokens.refresh_token,
      token_type_hint: "refresh_token",
      client_id: clientIdOf(login.tokens),
    },
  });
  if (!isSuccess(answer)) {
    throw new AuthError("AUTH_ISSUER_REFUSED", `the issuer answered with status ${answer.status}`);
  }
}

/** Where tokens are revoked: CODEX_REVOKE_TOKEN_URL_OVERRIDE, or at whoever refreshes them. */
function revokeUrl(environment: Environment): string {
  const own = environment.CODEX_REVOKE_TOKEN_URL_OVERRIDE;
  if (own) return own;
  const refresh = refreshUrl(environment);
  return URL.canParse(refresh) ? new URL("/oauth/revoke", refresh).href : refresh;
}
