// The credentials of one session: what to send with a request, kept fresh. Any number of processes may
// share one login; each refresh token is spent by one of them, and the others take over what it got.

import { setTimeout as sleep } from "node:timers/promises";
import type { CredentialsStore } from "../config/config.ts";
import type { Environment } from "../environment.ts";
import { checkAccessTokenKind, ownerOfAccessToken } from "./access-token.ts";
import {
  type AuthDocument,
  refreshedDocument,
  type StoredLogin,
  storedLogin,
  type Tokens,
} from "./auth-document.ts";
import { type CredentialStore, openCredentialStore } from "./credential-store.ts";
import { AuthError } from "./errors.ts";
import { type IssuerClient, issuerClient } from "./issuer.ts";
import { isExpired, isRefreshDue, requestRefresh } from "./refresh.ts";
import { withStoreLock } from "./store-lock.ts";
import { tokenClaims } from "./token-claims.ts";

/** between the answer of the issuer and its place in the file lie a few writes */
const takeOverMs = 1500;
const takeOverPollMs = 100;

export type CredentialsMode = "api-key" | "chatgpt" | "none";

/** What a request carries. */
export interface Authorization {
  readonly bearer: string;
  /** for the header chatgpt-account-id */
  readonly accountId?: string;
}

/** Facts for people, without secrets. */
export interface CredentialsDescription {
  readonly mode: CredentialsMode;
  /** where it comes from: a name of the environment, or the store */
  readonly source: "CODEX_API_KEY" | "CODEX_ACCESS_TOKEN" | "stored" | "none";
  readonly email?: string;
  readonly planType?: string;
  readonly accountId?: string;
}

export interface Credentials {
  readonly mode: CredentialsMode;
  /** What to send now; undefined where nobody is logged in. @throws {AuthError} where a login is no longer good */
  authorize(): Promise<Authorization | undefined>;
  /**
   * After a 401: get another bearer than the one that was used.
   *
   * @returns whether there is one and the request is worth a second try
   * @throws {AuthError} AUTH_REFRESH_REFUSED, AUTH_ACCOUNT_CHANGED, AUTH_REFRESH_FAILED, AUTH_ISSUER_UNREACHABLE
   */
  refreshAfter401(usedBearer: string): Promise<boolean>;
  describe(): CredentialsDescription;
}

export interface CredentialsRequest {
  readonly codexHome: string;
  readonly store: CredentialsStore;
  readonly environment: Environment;
  /** `codex exec` honours CODEX_API_KEY; nothing else does */
  readonly usesApiKeyVariable: boolean;
  warn(message: string): void;
  /** milliseconds since 1970 */
  readonly now?: () => number;
  readonly credentialStore?: CredentialStore;
  readonly client?: IssuerClient;
}

/**
 * Read what is stored and stand ready to keep it fresh.
 *
 * @throws {AuthError} where something is stored that cannot be read or used
 */
export async function openCredentials(request: CredentialsRequest): Promise<Credentials> {
  const { environment } = request;
  const apiKey = environment.CODEX_API_KEY?.trim();
  if (request.usesApiKeyVariable && apiKey) return fixedKey(apiKey, "CODEX_API_KEY");
  const client = request.client ?? issuerClient(environment);
  const accessToken = environment.CODEX_ACCESS_TOKEN?.trim();
  if (accessToken) {
    checkAccessTokenKind(accessToken);
    return personalAccess(accessToken, "CODEX_ACCESS_TOKEN", client, environment);
  }
  const store = request.credentialStore ?? openCredentialStore(request);
  const document = await store.load();
  const login = storedLogin(document);
  switch (login.kind) {
    case "none":
      return noCredentials;
    case "api-key":
      return fixedKey(login.apiKey, "stored");
    case "access-token":
      return personalAccess(login.accessToken, "stored", client, environment);
    case "unsupported":
      throw unsupportedMode(login);
    case "chatgpt":
      return new ChatgptCredentials(request, store, client, document ?? {});
  }
}

/** The refusal of a way of logging in that only later versions know. */
export function unsupportedMode(login: StoredLogin & { kind: "unsupported" }): AuthError {
  const name = /^[\w-]{1,40}$/.test(login.authMode) ? ` (${login.authMode})` : "";
  return new AuthError("AUTH_MODE_UNSUPPORTED", `the stored login is of a kind that is not supported${name}`);
}

const noCredentials: Credentials = {
  mode: "none",
  authorize: async () => undefined,
  refreshAfter401: async () => false,
  describe: () => ({ mode: "none", source: "none" }),
};

function fixedKey(bearer: string, source: CredentialsDescription["source"]): Credentials {
  return {
    mode: "api-key",
    authorize: async () => ({ bearer }),
    refreshAfter401: async () => false,
    describe: () => ({ mode: "api-key", source }),
  };
}

function personalAccess(
  bearer: string,
  source: CredentialsDescription["source"],
  client: IssuerClient,
  environment: Environment,
): Credentials {
  let owner: ReturnType<typeof ownerOfAccessToken> | undefined;
  return {
    mode: "chatgpt",
    async authorize() {
      owner ??= ownerOfAccessToken(client, bearer, environment);
      owner.catch(() => {
        owner = undefined;
      });
      return { bearer, accountId: (await owner).accountId };
    },
    refreshAfter401: async () => false,
    describe: () => ({ mode: "chatgpt", source }),
  };
}

class ChatgptCredentials implements Credentials {
  readonly mode = "chatgpt";
  readonly #request: CredentialsRequest;
  readonly #store: CredentialStore;
  readonly #client: IssuerClient;
  #document: AuthDocument;
  /** one refresh a process; who comes meanwhile waits for it */
  #running: Promise<boolean> | undefined;
  /** a refresh token that the issuer will not take, and why; it is not offered again */
  #refused: { readonly refreshToken: string | undefined; readonly error: AuthError } | undefined;

  constructor(
    request: CredentialsRequest,
    store: CredentialStore,
    client: IssuerClient,
    document: AuthDocument,
  ) {
    this.#request = request;
    this.#store = store;
    this.#client = client;
    this.#document = document;
  }

  async authorize(): Promise<Authorization> {
    const now = this.#now();
    if (isRefreshDue(this.#document, now)) {
      const bearer = this.#bearer();
      try {
        await this.#refreshOnce(bearer, (document) => !isRefreshDue(document, this.#now()));
      } catch (error) {
        // While the token is good, the session goes on with it, and the next request tries again.
        if (isExpired(this.#document.tokens ?? {}, now)) throw error;
      }
    }
    const accountId = this.#accountId();
    return { bearer: this.#bearer(), ...(accountId === undefined ? {} : { accountId }) };
  }

  async refreshAfter401(usedBearer: string): Promise<boolean> {
    if (this.#bearer() !== usedBearer) return true;
    return await this.#refreshOnce(usedBearer, () => true);
  }

  describe(): CredentialsDescription {
    const claims = tokenClaims(this.#document.tokens?.id_token);
    const accountId = this.#accountId();
    return {
      mode: this.mode,
      source: "stored",
      ...(claims?.email === undefined ? {} : { email: claims.email }),
      ...(claims?.planType === undefined ? {} : { planType: claims.planType }),
      ...(accountId === undefined ? {} : { accountId }),
    };
  }

  async #refreshOnce(used: string, isGood: (document: AuthDocument) => boolean): Promise<boolean> {
    this.#running ??= this.#refresh(used, isGood).finally(() => {
      this.#running = undefined;
    });
    return await this.#running;
  }

  async #refresh(used: string, isGood: (document: AuthDocument) => boolean): Promise<boolean> {
    const { codexHome, environment, warn } = this.#request;
    return await withStoreLock(codexHome, async () => {
      const { stored, tokens } = await this.#loadSameAccount();
      // Another process was here first.
      if (tokens.access_token !== used && isGood(stored)) {
        this.#document = stored;
        return true;
      }
      const refreshToken = tokens.refresh_token;
      if (this.#refused !== undefined && this.#refused.refreshToken === refreshToken)
        throw this.#refused.error;
      const pending = await this.#store.beginSave();
      let refreshed: AuthDocument;
      try {
        const issued = await requestRefresh(this.#client, tokens, environment);
        refreshed = refreshedDocument(stored, issued, new Date(this.#now()));
      } catch (error) {
        await pending.abandon();
        if (!(error instanceof AuthError) || error.code !== "AUTH_REFRESH_REFUSED") throw error;
        // The original, which does not wait for this lock, may have spent it a moment ago.
        if (await this.#takeOver(refreshToken)) return true;
        this.#refused = { refreshToken, error };
        throw error;
      }
      // What the original has stored meanwhile is newer: a login, a logout, a refresh.
      const latest = await this.#loadSameAccount().catch(async (error: unknown) => {
        await pending.abandon();
        throw error;
      });
      if (latest.tokens.refresh_token !== refreshToken) {
        await pending.abandon();
        this.#document = latest.stored;
        return this.#bearer() !== used;
      }
      // The old tokens are spent: the new ones are used even if they cannot be kept.
      this.#document = refreshed;
      await pending.commit(refreshed).catch((error: Error) => {
        warn(`the refreshed login could not be stored: ${error.message}`);
      });
      return this.#bearer() !== used;
    });
  }

  /** @throws {AuthError} AUTH_ACCOUNT_CHANGED, or what the store throws */
  async #loadSameAccount(): Promise<{ readonly stored: AuthDocument; readonly tokens: Tokens }> {
    const stored = await this.#store.load();
    const login = storedLogin(stored);
    if (login.kind === "chatgpt" && stored !== undefined && this.#isSameAccount(stored)) {
      return { stored, tokens: login.tokens };
    }
    throw new AuthError(
      "AUTH_ACCOUNT_CHANGED",
      "Your access token could not be refreshed because you have since logged out or signed in to another account. Please sign in again.",
    );
  }

  /** Wait a moment for whoever has spent a refresh token to store what he got, and use that. */
  async #takeOver(spent: string | undefined): Promise<boolean> {
    const until = Date.now() + takeOverMs;
    for (;;) {
      const { stored, tokens } = await this.#loadSameAccount();
      if (tokens.refresh_token !== spent) {
        this.#document = stored;
        return true;
      }
      if (Date.now() >= until) return false;
      await sleep(takeOverPollMs);
    }
  }

  #isSameAccount(stored: AuthDocument): boolean {
    return accountOf(stored) === this.#accountId();
  }

  #accountId(): string | undefined {
    return accountOf(this.#document);
  }

  #bearer(): string {
    return this.#document.tokens?.access_token ?? "";
  }

  #now(): number {
    return this.#request.now?.() ?? Date.now();
  }
}

function accountOf(document: AuthDocument): string | undefined {
  return document.tokens?.account_id ?? tokenClaims(document.tokens?.id_token)?.accountId;
}
