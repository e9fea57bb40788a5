// What the issuer gave is looked at and put into the store: the end of every login with ChatGPT.

import { chatgptDocument, type IssuedTokens } from "./auth-document.ts";
import { type CredentialStore, saveDocument } from "./credential-store.ts";
import { AuthError } from "./errors.ts";
import { type TokenClaims, tokenClaims } from "./token-claims.ts";

/**
 * @param workspaceId - the only workspace that may log in, where that is forced
 * @returns what the id token says
 * @throws {AuthError} AUTH_LOGIN_REFUSED for another workspace, AUTH_ISSUER_ANSWER for what is no id token,
 *   or what the store throws
 */
export async function keepLogin(
  store: CredentialStore,
  issued: IssuedTokens,
  workspaceId: string | undefined,
): Promise<TokenClaims> {
  const claims = tokenClaims(issued.idToken);
  if (claims === undefined) throw new AuthError("AUTH_ISSUER_ANSWER", "the issuer's id token is not a JWT");
  if (workspaceId !== undefined && claims.accountId !== workspaceId) {
    throw new AuthError("AUTH_LOGIN_REFUSED", `Login is restricted to workspace id ${workspaceId}.`);
  }
  await saveDocument(store, chatgptDocument(issued, claims.accountId, new Date()));
  return claims;
}
