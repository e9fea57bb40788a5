// Personal access tokens, as later versions of the original take them: whose account one is for is asked
// once a process, because requests have to name it.

import type { Environment } from "../environment.ts";
import { AuthError } from "./errors.ts";
import { defaultIssuer, type IssuerClient, isSuccess, jsonObject } from "./issuer.ts";

export interface AccessTokenOwner {
  readonly accountId: string;
  readonly email?: string;
  readonly planType?: string;
}

const prefix = "at-";

/** @throws {AuthError} AUTH_ACCESS_TOKEN_KIND */
export function checkAccessTokenKind(token: string): void {
  if (!token.startsWith(prefix) || /[^\x21-\x7e]/.test(token)) {
    throw new AuthError("AUTH_ACCESS_TOKEN_KIND", "this is not a personal access token");
  }
}

/**
 * Ask whose token it is.
 *
 * @param environment - CODEX_AUTHAPI_BASE_URL names another server
 * @throws {AuthError} AUTH_ISSUER_REFUSED, AUTH_ISSUER_ANSWER, AUTH_ISSUER_UNREACHABLE
 */
export async function ownerOfAccessToken(
  send: IssuerClient,
  token: string,
  environment: Environment,
): Promise<AccessTokenOwner> {
  const base =
    environment.CODEX_AUTHAPI_BASE_URL?.trim().replace(/\/+$/, "") || `${defaultIssuer}/api/accounts`;
  const answer = await send({
    method: "GET",
    url: `${base}/v1/user-auth-credential/whoami`,
    headers: { authorization: `Bearer ${token}` },
  });
  if (!isSuccess(answer)) {
    throw new AuthError(
      "AUTH_ISSUER_REFUSED",
      `personal access token metadata request failed with status ${answer.status}`,
    );
  }
  const body = jsonObject(answer);
  if (typeof body.chatgpt_account_id !== "string") {
    throw new AuthError("AUTH_ISSUER_ANSWER", "the issuer's answer names no account");
  }
  return {
    accountId: body.chatgpt_account_id,
    ...(typeof body.email === "string" ? { email: body.email } : {}),
    ...(typeof body.chatgpt_plan_type === "string" ? { planType: body.chatgpt_plan_type } : {}),
  };
}
