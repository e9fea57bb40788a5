// What tokens say of themselves. They are read, not verified: they come from the issuer over TLS or from
// the user's own file, and whoever serves the API verifies them.

import { decodeJwt } from "jose/jwt/decode";

export interface TokenClaims {
  /** milliseconds since 1970 */
  readonly expiresAt?: number;
  readonly email?: string;
  readonly accountId?: string;
  readonly planType?: string;
  /** the organization on the API platform has yet to be set up, by this user */
  readonly needsSetup: boolean;
}

const authClaim = "https://api.openai.com/auth";

/** @returns undefined for what is not a JWT */
export function tokenClaims(token: string | undefined): TokenClaims | undefined {
  if (token === undefined) return undefined;
  let claims: Record<string, unknown>;
  try {
    claims = decodeJwt(token);
  } catch {
    return undefined;
  }
  const auth = (typeof claims[authClaim] === "object" ? claims[authClaim] : null) as Record<
    string,
    unknown
  > | null;
  const text = (value: unknown) => (typeof value === "string" ? value : undefined);
  const email = text(claims.email);
  const accountId = text(auth?.chatgpt_account_id);
  const planType = text(auth?.chatgpt_plan_type);
  return {
    ...(typeof claims.exp === "number" ? { expiresAt: claims.exp * 1000 } : {}),
    ...(email === undefined ? {} : { email }),
    ...(accountId === undefined ? {} : { accountId }),
    ...(planType === undefined ? {} : { planType }),
    needsSetup: auth?.is_org_owner === true && auth.completed_platform_onboarding !== true,
  };
}
