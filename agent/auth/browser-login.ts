// A login in the browser: authorization code with PKCE, the redirect taken on loopback.

import type { Environment } from "../environment.ts";
import { type AuthorizeRequest, authorizeRequest } from "./authorize-request.ts";
import { callbackUsers, isFrom } from "./callback-peer.ts";
import { type CallbackServer, startCallbackServer } from "./callback-server.ts";
import type { CredentialStore } from "./credential-store.ts";
import { AuthError } from "./errors.ts";
import { exchangeCode, type Issuer, type IssuerClient, issuerClient } from "./issuer.ts";
import { keepLogin } from "./keep-login.ts";

export interface BrowserLoginRequest {
  readonly store: CredentialStore;
  readonly issuer: Issuer;
  readonly environment: Environment;
  readonly workspaceIds?: readonly string[] | undefined;
  readonly ports?: readonly number[];
  /** who owns the terminal on which the address is printed: his browser may bring the login too */
  readonly terminalOwner?: number | undefined;
  readonly client?: IssuerClient;
  /** a try failed; the user may try again in the browser */
  onFailure(error: AuthError): void;
}

export interface BrowserLogin {
  readonly port: number;
  /** for the browser */
  readonly url: string;
  /** settles when the login is kept, or has failed for good */
  readonly done: Promise<void>;
  close(): void;
}

/** Begin one. @throws {AuthError} AUTH_PORT_IN_USE */
export async function startBrowserLogin(request: BrowserLoginRequest): Promise<BrowserLogin> {
  const { store, issuer, environment, workspaceIds } = request;
  const client = request.client ?? issuerClient(environment);
  let authorize: AuthorizeRequest | undefined;
  let redirectUri = "";
  const users = callbackUsers(environment, request.terminalOwner);
  const server: CallbackServer = await startCallbackServer({
    ...(request.ports === undefined ? {} : { ports: request.ports }),
    state: () => authorize?.state ?? "",
    onFailure: request.onFailure,
    isOwn: (socket) => isFrom(users, socket),
    async finish(code, signal) {
      const grant = { code, redirectUri, codeVerifier: authorize?.codeVerifier ?? "" };
      const issued = await exchangeCode(client, issuer, grant, signal).catch((cause: unknown) => {
        if (!(cause instanceof AuthError)) throw cause;
        throw new AuthError(cause.code, `Token exchange failed: ${cause.message}`, { cause });
      });
      signal.throwIfAborted();
      return await keepLogin(store, issued, workspaceIds);
    },
  });
  redirectUri = `http://localhost:${server.port}/auth/callback`;
  authorize = authorizeRequest(issuer, redirectUri, environment, workspaceIds);
  return { port: server.port, url: authorize.url, done: server.done, close: server.close };
}
