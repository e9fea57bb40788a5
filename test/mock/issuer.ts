// An issuer of tokens for tests and for trying out logins by hand: authorization codes with PKCE, rotating
// refresh tokens that notice when one is used twice, device codes, and ways to fail. It runs by itself too:
// `node dist/test/mock/issuer.js [PORT]`, then `codex login --experimental_issuer http://127.0.0.1:PORT`.

import { createHash, randomBytes } from "node:crypto";
import http, { type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";

/** How the issuer fails, if it does. */
export type IssuerFailure =
  | "none"
  | "expired"
  | "reused"
  | "invalidated"
  | "unauthorized"
  | "server-error"
  | "not-json"
  | "hang-up";

export interface MockIssuerOptions {
  readonly port?: number;
  readonly email?: string;
  readonly accountId?: string;
  readonly planType?: string;
  /** of an access token, in seconds */
  readonly lifetimeSeconds?: number;
  /** further members of the claim https://api.openai.com/auth */
  readonly claims?: Readonly<Record<string, unknown>>;
  /** device codes: how often "not yet" is said before the code is granted */
  readonly pendingPolls?: number;
  /** device codes are not offered */
  readonly hasNoDeviceCodes?: boolean;
  /** users refuse: /oauth/authorize redirects with error=access_denied */
  readonly deniesAccess?: boolean;
  /** how long a refresh takes, so that others come meanwhile */
  readonly refreshDelayMs?: number;
}

export interface IssuerRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: http.IncomingHttpHeaders;
  readonly body: string;
}

export interface MockIssuer {
  readonly url: string;
  readonly requests: readonly IssuerRequest[];
  /** refresh tokens that came a second time */
  readonly reused: readonly string[];
  /** every secret that was handed out: codes, tokens */
  readonly secrets: readonly string[];
  /** what the token endpoint does */
  failure: IssuerFailure;
  /** from now on the token endpoint answers only when it is released */
  holdTokens(): { readonly arrived: Promise<void>; release(): void };
  /** tokens as after a login, without one */
  issue(): { id_token: string; access_token: string; refresh_token: string };
  close(): Promise<void>;
}

interface Grant {
  readonly challenge: string;
  readonly redirectUri: string;
}

/** Start an issuer on loopback. */
export async function startMockIssuer(options: MockIssuerOptions = {}): Promise<MockIssuer> {
  const requests: IssuerRequest[] = [];
  const grants = new Map<string, Grant>();
  const refreshTokens = new Map<string, "fresh" | "spent">();
  const reused: string[] = [];
  const secrets: string[] = [];
  const accountId = options.accountId ?? "account-1";
  let pendingPolls = options.pendingPolls ?? 0;

  const secret = (kind: string) => {
    const value = `${kind}-${randomBytes(12).toString("hex")}`;
    secrets.push(value);
    return value;
  };
  const token = (claims: Readonly<Record<string, unknown>>) => {
    const value = unsignedJwt({ ...claims, jti: randomBytes(6).toString("hex") });
    secrets.push(value);
    return value;
  };
  const issue = () => {
    const seconds = Math.floor(Date.now() / 1000);
    const auth = {
      chatgpt_account_id: accountId,
      chatgpt_plan_type: options.planType ?? "plus",
      ...options.claims,
    };
    const claims = { email: options.email ?? "user@example.com", "https://api.openai.com/auth": auth };
    const refresh_token = secret("rt");
    refreshTokens.set(refresh_token, "fresh");
    return {
      id_token: token({ ...claims, iat: seconds }),
      access_token: token({ ...claims, iat: seconds, exp: seconds + (options.lifetimeSeconds ?? 3600) }),
      refresh_token,
    };
  };

  const authorize = (url: URL, response: ServerResponse) => {
    const query = url.searchParams;
    const back = new URL(query.get("redirect_uri") ?? "");
    if (query.get("code_challenge_method") !== "S256" || !query.get("code_challenge")) {
      back.searchParams.set("error", "invalid_request");
    } else if (options.deniesAccess) {
      back.searchParams.set("error", "access_denied");
      back.searchParams.set("error_description", "The user said <b>no</b>");
    } else {
      const code = secret("code");
      grants.set(code, { challenge: query.get("code_challenge") ?? "", redirectUri: back.href });
      back.searchParams.set("code", code);
    }
    back.searchParams.set("state", query.get("state") ?? "");
    response.writeHead(302, { location: back.href }).end();
  };

  const exchange = (form: URLSearchParams, response: ServerResponse) => {
    const grant = grants.get(form.get("code") ?? "");
    grants.delete(form.get("code") ?? "");
    const challenge = createHash("sha256")
      .update(form.get("code_verifier") ?? "")
      .digest("base64url");
    if (
      grant === undefined ||
      grant.challenge !== challenge ||
      grant.redirectUri !== form.get("redirect_uri")
    ) {
      json(response, 400, { error: "invalid_grant", error_description: `bad code ${form.get("code")}` });
    } else {
      json(response, 200, { ...issue(), token_type: "Bearer", expires_in: 3600 });
    }
  };

  const refresh = async (refreshToken: string, response: ServerResponse) => {
    await sleep(options.refreshDelayMs ?? 0);
    const state = refreshTokens.get(refreshToken);
    if (state === "fresh") {
      refreshTokens.set(refreshToken, "spent");
      json(response, 200, issue());
      return;
    }
    if (state === "spent") reused.push(refreshToken);
    const code = state === "spent" ? "refresh_token_reused" : "refresh_token_invalidated";
    json(response, 401, { error: { code, message: `no more ${refreshToken}` } });
  };

  let held: { arrive(): void; readonly released: Promise<void> } | undefined;
  const holdTokens = () => {
    const [arrived, released] = [signal(), signal()];
    held = { arrive: arrived.give, released: released.given };
    return { arrived: arrived.given, release: released.give };
  };

  const tokenEndpoint = async (body: string, type: string, response: ServerResponse) => {
    held?.arrive();
    await held?.released;
    if (mock.failure !== "none") {
      fail(mock.failure, response);
      return;
    }
    if (type.startsWith("application/json")) {
      await refresh(String(JSON.parse(body).refresh_token), response);
      return;
    }
    const form = new URLSearchParams(body);
    if (form.get("grant_type") === "urn:ietf:params:oauth:grant-type:token-exchange") {
      json(response, 200, { access_token: secret("sk-exchanged") });
    } else {
      exchange(form, response);
    }
  };

  const deviceCode = (response: ServerResponse) => {
    if (options.hasNoDeviceCodes) json(response, 404, {});
    else json(response, 200, { device_auth_id: "device-1", user_code: "ABCD-12345", interval: "0" });
  };

  const devicePoll = (response: ServerResponse) => {
    if (pendingPolls > 0) {
      pendingPolls -= 1;
      json(response, 403, {});
      return;
    }
    const verifier = secret("verifier");
    const challenge = createHash("sha256").update(verifier).digest("base64url");
    const code = secret("code");
    grants.set(code, { challenge, redirectUri: `${mock.url}/deviceauth/callback` });
    json(response, 200, {
      authorization_code: code,
      code_challenge: challenge,
      code_verifier: verifier,
    });
  };

  const route = async (request: IncomingMessage, response: ServerResponse) => {
    const url = new URL(request.url ?? "/", mock.url);
    const body = await readBody(request);
    const { headers, method = "" } = request;
    requests.push({ method, path: url.pathname, headers, body });
    switch (url.pathname) {
      case "/oauth/authorize":
        return authorize(url, response);
      case "/oauth/token":
        return await tokenEndpoint(body, headers["content-type"] ?? "", response);
      case "/oauth/revoke":
        refreshTokens.delete(String(JSON.parse(body).token));
        return json(response, 200, {});
      case "/api/accounts/deviceauth/usercode":
      case "/deviceauth/usercode":
        return deviceCode(response);
      case "/api/accounts/deviceauth/token":
      case "/deviceauth/token":
        return devicePoll(response);
      case "/v1/user-auth-credential/whoami":
        if (headers.authorization === "Bearer at-good") {
          return json(response, 200, {
            email: options.email ?? "user@example.com",
            chatgpt_user_id: "user-1",
            chatgpt_account_id: accountId,
            chatgpt_plan_type: options.planType ?? "plus",
            chatgpt_account_is_fedramp: false,
          });
        }
        return json(response, 401, {});
      default:
        return json(response, 404, {});
    }
  };

  const server = http.createServer((request, response) => {
    route(request, response).catch(() => response.destroy());
  });
  await new Promise<void>((resolve) => server.listen(options.port ?? 0, "127.0.0.1", resolve));
  const mock: MockIssuer = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    reused,
    secrets,
    failure: "none",
    holdTokens,
    issue,
    close: () => {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
  return mock;
}

function signal(): { readonly given: Promise<void>; give(): void } {
  let give = () => {};
  const given = new Promise<void>((resolve) => {
    give = resolve;
  });
  return { given, give };
}

/** A JWT that nobody has signed. */
export function unsignedJwt(claims: Readonly<Record<string, unknown>>): string {
  const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url");
  return `${part({ alg: "none", typ: "JWT" })}.${part(claims)}.${part("signature")}`;
}

function fail(failure: Exclude<IssuerFailure, "none">, response: ServerResponse): void {
  if (failure === "unauthorized") json(response, 401, {});
  else if (failure === "server-error") json(response, 503, { error: { message: "try later" } });
  else if (failure === "not-json") response.writeHead(200).end("<html>captive portal</html>");
  else if (failure === "hang-up") response.destroy();
  else json(response, 401, { error: { code: `refresh_token_${failure}` } });
}

function json(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
}

async function readBody(request: IncomingMessage): Promise<string> {
  let body = "";
  for await (const chunk of request) body += chunk;
  return body;
}

if (process.argv[1] === import.meta.filename) {
  const issuer = await startMockIssuer({ port: Number(process.argv[2] ?? 0), pendingPolls: 3 });
  console.log(issuer.url);
}
