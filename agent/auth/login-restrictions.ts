// What an administrator allows: one way of logging in, one workspace. A stored login that he does not allow
// is removed before anything is sent with it.

import type { Config } from "../config/config.ts";
import type { Environment } from "../environment.ts";
import { oneLine } from "../foreign-text.ts";
import { ownerOfAccessToken } from "./access-token.ts";
import { storedLogin } from "./auth-document.ts";
import { type CredentialStore, openCredentialStore } from "./credential-store.ts";
import { AuthError } from "./errors.ts";
import { issuerClient } from "./issuer.ts";
import { lockedStore } from "./store-lock.ts";
import { tokenClaims } from "./token-claims.ts";

export type RestrictingConfig = Pick<
  Config,
  "codexHome" | "cliAuthCredentialsStore" | "forcedLoginMethod" | "forcedChatgptWorkspaceIds"
>;

/**
 * Whoever sends requests with the user's login (exec, the terminal interface) calls this first. The original
 * prints the message of what is thrown as it is, without `Error: `, and exits with 1.
 *
 * @param usesApiKeyVariable - as for openCredentials: a key in CODEX_API_KEY is then the login that counts
 * @throws {AuthError} AUTH_RESTRICTED, after logging out
 */
export async function enforceLoginRestrictions(
  config: RestrictingConfig,
  environment: Environment,
  options: {
    readonly usesApiKeyVariable: boolean;
    warn(message: string): void;
    readonly credentialStore?: CredentialStore;
  },
): Promise<void> {
  const { forcedLoginMethod: method, forcedChatgptWorkspaceIds: workspaces } = config;
  if (method === undefined && workspaces === undefined) return;
  const { codexHome, cliAuthCredentialsStore } = config;
  const { warn } = options;
  const store =
    options.credentialStore ??
    lockedStore(codexHome, openCredentialStore({ codexHome, store: cliAuthCredentialsStore, warn }));
  const violation = await findViolation(store, environment, options.usesApiKeyVariable, method, workspaces);
  if (violation === undefined) return;
  await store.remove();
  throw new AuthError("AUTH_RESTRICTED", violation);
}

async function findViolation(
  store: CredentialStore,
  environment: Environment,
  usesApiKeyVariable: boolean,
  method: Config["forcedLoginMethod"],
  workspaces: readonly string[] | undefined,
): Promise<string | undefined> {
  const usesVariable = usesApiKeyVariable && Boolean(environment.CODEX_API_KEY?.trim());
  const login = usesVariable ? ({ kind: "api-key" } as const) : storedLogin(await store.load());
  if (login.kind === "none") return undefined;
  const isKey = login.kind === "api-key";
  if (method === "api" && !isKey) {
    return "API key login is required, but ChatGPT is currently being used. Logging out.";
  }
  if (method === "chatgpt" && isKey) {
    return "ChatGPT login is required, but an API key is currently being used. Logging out.";
  }
  if (workspaces === undefined || login.kind === "api-key" || login.kind === "unsupported") return undefined;
  const actual =
    login.kind === "chatgpt"
      ? tokenClaims(login.tokens.id_token)?.accountId
      : (await ownerOfAccessToken(issuerClient(environment), login.accessToken, environment)).accountId;
  if (actual !== undefined && workspaces.includes(actual)) return undefined;
  const allowed =
    workspaces.length === 1 ? `workspace ${workspaces[0]}` : `workspace(s) ${workspaces.join(", ")}`;
  return actual === undefined
    ? `Login is restricted to ${allowed}, but current credentials lack a workspace identifier. Logging out.`
    : `Login is restricted to ${allowed}, but current credentials belong to ${oneLine(actual)}. Logging out.`;
}

/**
 * @param accountId - of a login that has not been kept yet
 * @throws {AuthError} AUTH_LOGIN_REFUSED for a workspace that is not allowed
 */
export function requireWorkspace(
  accountId: string | undefined,
  allowed: readonly string[] | undefined,
): void {
  if (allowed === undefined || (accountId !== undefined && allowed.includes(accountId))) return;
  const ids = allowed.length === 1 ? `id ${allowed[0]}` : `id(s) ${allowed.join(", ")}`;
  throw new AuthError("AUTH_LOGIN_REFUSED", `Login is restricted to workspace ${ids}.`);
}
