// The request that the browser carries to the issuer: PKCE (RFC 7636, S256) and state, fresh for each login.

import { createHash, randomBytes } from "node:crypto";
import type { Environment } from "../environment.ts";
import type { Issuer } from "./issuer.ts";

export interface AuthorizeRequest {
  readonly url: string;
  readonly state: string;
  readonly codeVerifier: string;
}

/** @param workspaceIds - the only workspaces that may log in, where that is forced */
export function authorizeRequest(
  issuer: Issuer,
  redirectUri: string,
  environment: Environment,
  workspaceIds?: readonly string[],
): AuthorizeRequest {
  const codeVerifier = randomBytes(64).toString("base64url");
  const state = randomBytes(32).toString("base64url");
  // The order is the original's.
  const parameters: [string, string][] = [
    ["response_type", "code"],
    ["client_id", issuer.clientId],
    ["redirect_uri", redirectUri],
    ["scope", "openid profile email offline_access"],
    ["code_challenge", createHash("sha256").update(codeVerifier).digest("base64url")],
    ["code_challenge_method", "S256"],
    ["id_token_add_organizations", "true"],
    ["codex_cli_simplified_flow", "true"],
    ["state", state],
    ["originator", environment.CODEX_INTERNAL_ORIGINATOR_OVERRIDE || "codex_cli_rs"],
  ];
  if (workspaceIds !== undefined) parameters.push(["allowed_workspace_id", workspaceIds.join(",")]);
  const query = parameters.map(([name, value]) => `${name}=${percentEncode(value)}`).join("&");
  return { url: `${issuer.url}/oauth/authorize?${query}`, state, codeVerifier };
}

function percentEncode(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}
