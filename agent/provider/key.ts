// What a request authenticates with: the provider's own variable, else the token of its table, else the
// login, and that only for a provider that asks for it. None of them is ever part of a message.

import type { ModelProvider } from "../config/config.ts";
import { keyText } from "../config/key-text.ts";
import type { Environment } from "../environment.ts";
import { ProviderError } from "./errors.ts";

/** The part of agent/auth's Credentials that a connection needs. */
export interface CredentialSource {
  readonly mode: "api-key" | "chatgpt" | "none";
  authorize(): Promise<{ readonly bearer: string; readonly accountId?: string } | undefined>;
  /** @returns whether there is another bearer now, with which to ask again */
  refreshAfter401(usedBearer: string): Promise<boolean>;
}

export interface Authorization {
  readonly bearer: string;
  readonly accountId?: string;
  /** whether a refresh may help where it is refused */
  readonly isFromLogin: boolean;
}

/** Whether the login has to be opened for this provider at all. */
export function needsLogin(provider: ModelProvider): boolean {
  return (
    provider.requiresOpenaiAuth &&
    provider.envKey === undefined &&
    provider.experimentalBearerToken === undefined
  );
}

/**
 * @returns undefined where the request goes without
 * @throws {ProviderError} PROVIDER_MISSING_VARIABLE
 */
export async function authorize(
  provider: ModelProvider,
  credentials: CredentialSource | undefined,
  environment: Environment,
): Promise<Authorization | undefined> {
  const ownKey = keyOfProvider(provider, environment);
  if (ownKey !== undefined) {
    return { bearer: fitForHeader(ownKey, `check ${placeOfKey(provider)}`), isFromLogin: false };
  }
  if (!needsLogin(provider)) return undefined;
  const login = await credentials?.authorize();
  if (login === undefined) return undefined;
  return {
    ...login,
    bearer: fitForHeader(login.bearer, "check CODEX_API_KEY if it is set, or run `codex login` again"),
    isFromLogin: true,
  };
}

/** What helps where the service refuses the key of a request, or misses one. */
export function unauthorizedHint(provider: ModelProvider, mode: CredentialSource["mode"] = "none"): string {
  if (provider.envKey !== undefined || provider.experimentalBearerToken !== undefined) {
    return `check ${placeOfKey(provider)}`;
  }
  if (!provider.requiresOpenaiAuth) {
    return `nothing says which key to send: set ${keyText(["model_providers", provider.id, "env_key"])}`;
  }
  if (mode === "none")
    return "log in with codex login, or use a proxy that has the key: codex exec --proxy FILE";
  return "check CODEX_API_KEY where it is set, or log in again with codex login";
}

function keyOfProvider(provider: ModelProvider, environment: Environment): string | undefined {
  if (provider.envKey === undefined) return provider.experimentalBearerToken;
  const key = environment[provider.envKey]?.trim();
  if (key !== undefined && key !== "") return key;
  const instructions = provider.envKeyInstructions === undefined ? "" : ` ${provider.envKeyInstructions}`;
  throw new ProviderError(
    "PROVIDER_MISSING_VARIABLE",
    `Missing environment variable: \`${provider.envKey}\`.${instructions}`,
  );
}

function placeOfKey({ id, envKey }: ModelProvider): string {
  if (envKey !== undefined) return `the environment variable ${envKey}`;
  return `${keyText(["model_providers", id, "experimental_bearer_token"])} in config.toml`;
}

// undici's own error would repeat the value.
function fitForHeader(bearer: string, hint: string): string {
  if (/^[\x21-\x7e]+$/.test(bearer)) return bearer;
  throw new ProviderError("PROVIDER_BAD_KEY", "the key holds blanks or characters that no key has", { hint });
}
