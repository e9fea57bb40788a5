// The contents of auth.json, or of the keyring's entry: what is in it, which way of logging in it stands
// for, and how a refresh changes it. Members that this version does not know stay where they are.

import { type JsonObject, objectOf } from "../json-object.ts";
import { AuthError } from "./errors.ts";

export interface Tokens {
  readonly id_token?: string;
  readonly access_token?: string;
  readonly refresh_token?: string;
  readonly account_id?: string;
  readonly [member: string]: unknown;
}

/** As it is stored. */
export interface AuthDocument {
  readonly auth_mode?: string;
  readonly OPENAI_API_KEY?: string | null;
  readonly tokens?: Tokens | null;
  readonly last_refresh?: string;
  readonly personal_access_token?: string;
  readonly [member: string]: unknown;
}

/** What a document lets its reader do. */
export type StoredLogin =
  | { readonly kind: "none" }
  | { readonly kind: "api-key"; readonly apiKey: string }
  | { readonly kind: "chatgpt"; readonly tokens: Tokens }
  | { readonly kind: "access-token"; readonly accessToken: string }
  /** a way of later versions */
  | { readonly kind: "unsupported"; readonly authMode: string };

const texts = ["auth_mode", "last_refresh", "personal_access_token"] as const;
const tokenTexts = ["id_token", "access_token", "refresh_token", "account_id"] as const;

/**
 * Read a document.
 *
 * @param source - the file or keyring entry, for messages
 * @throws {AuthError} AUTH_FILE_MALFORMED; its message holds nothing of the text
 */
export function parseAuthDocument(text: string, source: string): AuthDocument {
  const malformed = (what: string) => new AuthError("AUTH_FILE_MALFORMED", `${source} is malformed: ${what}`);
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    // Its message would quote the text.
    throw malformed(text.trim() === "" ? "it is empty" : "it is not JSON");
  }
  const value = objectOf(parsed);
  if (value === undefined) throw malformed("it is not an object");
  for (const name of texts) checkText(value, name, name, malformed);
  checkText(value, "OPENAI_API_KEY", "OPENAI_API_KEY", malformed);
  if (value.tokens !== undefined && value.tokens !== null) {
    const tokens = objectOf(value.tokens);
    if (tokens === undefined) throw malformed("`tokens` is not an object");
    for (const name of tokenTexts) checkText(tokens, name, `tokens.${name}`, malformed);
  }
  return value as AuthDocument;
}

function checkText(
  table: JsonObject,
  name: string,
  path: string,
  malformed: (what: string) => AuthError,
): void {
  const value = table[name];
  if (value !== undefined && value !== null && typeof value !== "string") {
    throw malformed(`\`${path}\` is not a string`);
  }
}

/** As auth.json has it: two spaces, no newline at the end. */
export function formatAuthDocument(document: AuthDocument): string {
  return JSON.stringify(document, null, 2);
}

/** Which way of logging in a document stands for. `auth_mode`, which later versions write, decides. */
export function storedLogin(document: AuthDocument | undefined): StoredLogin {
  if (document === undefined) return { kind: "none" };
  const apiKey = document.OPENAI_API_KEY ?? undefined;
  const accessToken = document.personal_access_token ?? undefined;
  const tokens = document.tokens ?? undefined;
  const mode = document.auth_mode ?? guessMode(accessToken, apiKey);
  switch (mode) {
    case "apikey":
      return apiKey ? { kind: "api-key", apiKey } : { kind: "none" };
    case "personalAccessToken":
    case "personal_access_token":
      return accessToken ? { kind: "access-token", accessToken } : { kind: "none" };
    case "chatgpt":
    case "chatgptAuthTokens":
      return tokens?.access_token ? { kind: "chatgpt", tokens } : { kind: "none" };
    default:
      return { kind: "unsupported", authMode: mode };
  }
}

function guessMode(accessToken: string | undefined, apiKey: string | undefined): string {
  if (accessToken !== undefined) return "personalAccessToken";
  return apiKey === undefined ? "chatgpt" : "apikey";
}

/** What `--with-api-key` stores. */
export function apiKeyDocument(apiKey: string): AuthDocument {
  return { OPENAI_API_KEY: apiKey };
}

/** What `--with-access-token` stores, as the later versions do. */
export function accessTokenDocument(accessToken: string): AuthDocument {
  return { OPENAI_API_KEY: null, personal_access_token: accessToken };
}

/** What a login at the issuer gave. */
export interface IssuedTokens {
  readonly idToken: string;
  readonly accessToken: string;
  readonly refreshToken: string;
}

/** What a login in the browser or by a device code stores. */
export function chatgptDocument(
  issued: IssuedTokens,
  accountId: string | undefined,
  now: Date,
): AuthDocument {
  return {
    OPENAI_API_KEY: null,
    tokens: {
      id_token: issued.idToken,
      access_token: issued.accessToken,
      refresh_token: issued.refreshToken,
      ...(accountId === undefined ? {} : { account_id: accountId }),
    },
    last_refresh: now.toISOString(),
  };
}

/** A document after a refresh: only what the issuer sent is changed. */
export function refreshedDocument(
  document: AuthDocument,
  issued: Partial<IssuedTokens>,
  now: Date,
): AuthDocument {
  const tokens = {
    ...document.tokens,
    ...(issued.idToken === undefined ? {} : { id_token: issued.idToken }),
    ...(issued.accessToken === undefined ? {} : { access_token: issued.accessToken }),
    ...(issued.refreshToken === undefined ? {} : { refresh_token: issued.refreshToken }),
  };
  return { ...document, tokens, last_refresh: now.toISOString() };
}
