// What the issuer gave is looked at and put into the store: the end of every login with ChatGPT.

import { chatgptDocument, type IssuedTokens } from "./auth-document.ts";
import { type CredentialStore, saveDocument } from "./credential-store.ts";
import { AuthError } from "./errors.ts";
import { requireWorkspace } from "./login-restrictions.ts";
import { type TokenClaims, tokenClaims } from "./token-claims.ts";

/**
 * @param workspaceIds - the only workspaces that may log in, where that is forced
 * @returns what the id token says
 * @throws {AuthError} AUTH_LOGIN_REFUSED for another workspace, AUTH_ISSUER_ANSWER for what is no id token,
 *   or what the store throws
 */
export async function keepLogin(
  store: CredentialStore,
  issued: IssuedTokens,
  workspaceIds: readonly string[] | undefined,
): Promise<TokenClaims> {
  const claims = tokenClaims(issued.idToken);
  if (claims === undefined) throw new AuthError("AUTH_ISSUER_ANSWER", "the issuer's id token is not a JWT");
  requireWorkspace(claims.accountId, workspaceIds);
  await saveDocument(store, chatgptDocument(issued, claims.accountId, new Date()));
  return claims;
}
