import assert from "node:assert/strict";
import http from "node:http";
import { afterEach, describe, test } from "node:test";
import { type BrowserLogin, startBrowserLogin } from "../../../agent/auth/browser-login.ts";
import type { AuthError } from "../../../agent/auth/errors.ts";
import { issuerAt } from "../../../agent/auth/issuer.ts";
import { type MockIssuer, type MockIssuerOptions, startMockIssuer } from "../../mock/issuer.ts";
import { recordingStore } from "./recording-store.ts";

interface Answer {
  readonly status: number | undefined;
  readonly headers: http.IncomingHttpHeaders;
  readonly body: string;
}

/** One request with exactly these headers. */
function ask(
  port: number,
  path: string,
  headers: http.OutgoingHttpHeaders = {},
  method = "GET",
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const all = { host: `localhost:${port}`, ...headers };
    const request = http.request({ host: "127.0.0.1", port, path, method, headers: all, agent: false });
    request.on("error", reject);
    request.on("response", async (response) => {
      let body = "";
      for await (const chunk of response) body += chunk;
      resolve({ status: response.statusCode, headers: response.headers, body });
    });
    request.end();
  });
}

describe("the callback server of a login in the browser", () => {
  const cleanups: (() => unknown)[] = [];
  afterEach(async () => {
    for (const clean of cleanups.splice(0)) await clean();
  });

  interface World {
    readonly login: BrowserLogin;
    readonly issuer: MockIssuer;
    readonly saved: unknown[];
    readonly failures: string[];
    /** how the login ended: undefined for well */
    readonly ended: Promise<AuthError | undefined>;
    /** the path and query that the issuer redirects to */
    redirected(url?: string): Promise<string>;
    ask(path: string, headers?: http.OutgoingHttpHeaders, method?: string): Promise<Answer>;
  }

  async function begin(
    options: MockIssuerOptions = {},
    more: { workspaceIds?: readonly string[]; client?: string; ports?: readonly number[] } = {},
  ): Promise<World> {
    const issuer = await startMockIssuer(options);
    cleanups.push(issuer.close);
    const saved: unknown[] = [];
    const failures: string[] = [];
    const login = await startBrowserLogin({
      store: recordingStore(saved),
      issuer: issuerAt(issuer.url, more.client),
      environment: {},
      ports: more.ports ?? [0],
      workspaceIds: more.workspaceIds,
      onFailure: (error) => failures.push(error.message),
    });
    cleanups.push(login.close);
    const ended = login.done.then(
      () => undefined,
      (error: AuthError) => error,
    );
    return {
      login,
      issuer,
      saved,
      failures,
      ended,
      async redirected(url = login.url) {
        const response = await fetch(url, { redirect: "manual" });
        const location = new URL(response.headers.get("location") ?? "");
        return location.pathname + location.search;
      },
      ask: (path, headers, method) => ask(login.port, path, headers, method),
    };
  }

  test("sends the browser to the issuer with the original's parameters in the original's order", async () => {
    const { login, issuer } = await begin(
      {},
      { workspaceIds: ["workspace-1", "workspace-2"], client: "app_x" },
    );
    const url = new URL(login.url);
    assert.equal(url.origin + url.pathname, `${issuer.url}/oauth/authorize`);
    const [challenge, state] = [url.searchParams.get("code_challenge"), url.searchParams.get("state")];
    assert.match(challenge ?? "", /^[\w-]{43}$/);
    assert.match(state ?? "", /^[\w-]{43}$/);
    assert.equal(
      url.search,
      `?response_type=code&client_id=app_x&redirect_uri=http%3A%2F%2Flocalhost%3A${login.port}%2Fauth%2Fcallback` +
        `&scope=openid%20profile%20email%20offline_access&code_challenge=${challenge}&code_challenge_method=S256` +
        `&id_token_add_organizations=true&codex_cli_simplified_flow=true&state=${state}` +
        "&originator=codex_cli_rs&allowed_workspace_id=workspace-1%2Cworkspace-2",
    );
  });

  test("keeps the tokens, redirects without any of them, shows a page and ends", async () => {
    const world = await begin({ email: "<i>a&b</i>@example.com" });
    const callback = await world.ask(await world.redirected());
    assert.deepEqual(
      [callback.status, callback.headers.location, callback.headers.connection, callback.body],
      [302, `http://localhost:${world.login.port}/success`, "close", ""],
    );
    const page = await world.ask("/success", { accept: "text/html" });
    assert.deepEqual([page.status, page.headers.connection], [200, "close"]);
    assert.equal(page.headers["content-type"], "text/html; charset=utf-8");
    assert.equal(await world.ended, undefined);
    assert.ok(page.body.includes("<bdi>&#60;i&#62;a&#38;b&#60;/i&#62;@example<wbr>.com</bdi>"));
    const [document] = world.saved as { tokens: Record<string, string>; last_refresh: string }[];
    assert.equal(world.saved.length, 1);
    assert.deepEqual(
      { ...document, last_refresh: "", tokens: Object.keys(document?.tokens ?? {}) },
      {
        OPENAI_API_KEY: null,
        tokens: ["id_token", "access_token", "refresh_token", "account_id"],
        last_refresh: "",
      },
    );
    for (const secret of world.issuer.secrets) {
      assert.ok(!(JSON.stringify(callback.headers) + page.body).includes(secret));
    }
    // Nothing is asked for with the id token: no API key takes the place of the login.
    assert.deepEqual(
      world.issuer.requests.map((request) => request.path),
      ["/oauth/authorize", "/oauth/token"],
    );
    await assert.rejects(world.ask("/"), { code: "ECONNREFUSED" });
  });

  test("ends well though the browser never asks for the last page", async () => {
    const world = await begin();
    await world.ask(await world.redirected());
    assert.equal(await world.ended, undefined);
  });

  test("lets a page load nothing and be framed by nobody, and no answer be kept", async () => {
    const world = await begin();
    for (const path of ["/auth/callback?state=x", "/nowhere"]) {
      const { headers } = await world.ask(path, { accept: "text/html" });
      assert.match(
        String(headers["content-security-policy"]),
        /^default-src 'none'; style-src 'sha256-[\w+/=]+'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'$/,
      );
      assert.deepEqual(
        [headers["cache-control"], headers["referrer-policy"], headers["x-content-type-options"]],
        ["no-store", "no-referrer", "nosniff"],
      );
    }
  });

  test("refuses a foreign, empty or missing state, spends no code on it, and goes on waiting", async () => {
    const world = await begin();
    const path = await world.redirected();
    const state = new URLSearchParams(path.split("?")[1]).get("state") ?? "";
    for (const bad of [
      path.replace(state, "foreign"),
      path.replace(state, ""),
      path.replace("state=", "s="),
    ]) {
      const answer = await world.ask(bad);
      assert.deepEqual([answer.status, answer.body], [400, "State mismatch"]);
    }
    assert.deepEqual(
      world.issuer.requests.map((request) => request.path),
      ["/oauth/authorize"],
    );
    assert.equal((await world.ask(path)).status, 302);
    assert.equal(await world.ended, undefined);
  });

  test("says that a code is missing, and goes on waiting", async () => {
    const world = await begin();
    const state = new URL(world.login.url).searchParams.get("state");
    const answer = await world.ask(`/auth/callback?state=${state}`);
    assert.deepEqual([answer.status, answer.body], [400, "Missing authorization code"]);
    assert.equal((await world.ask(await world.redirected())).status, 302);
  });

  test("says that the exchange failed without repeating the code, and takes another try", async () => {
    const world = await begin();
    const path = await world.redirected();
    const state = new URL(world.login.url).searchParams.get("state");
    const failed = await world.ask(`/auth/callback?code=stolen-code&state=${state}`);
    assert.deepEqual(
      [failed.status, failed.body],
      [500, "Token exchange failed: token endpoint returned status 400: bad code <redacted>"],
    );
    assert.deepEqual(world.failures, [failed.body]);
    assert.equal((await world.ask(path)).status, 302);
  });

  test("cannot have a code of another login put in its place: the verifier does not fit", async () => {
    const [ours, theirs] = [await begin(), await begin()];
    const theirCode = new URLSearchParams((await theirs.redirected()).split("?")[1]).get("code");
    const ourState = new URL(ours.login.url).searchParams.get("state");
    // The same issuer, or the code would be unknown for that reason alone.
    // A code of the right issuer too: only its challenge is another.
    const url = new URL(ours.login.url);
    url.searchParams.set("code_challenge", "A".repeat(43));
    const planted = new URLSearchParams((await ours.redirected(url.href)).split("?")[1]).get("code");
    for (const code of [theirCode, planted]) {
      const answer = await ours.ask(`/auth/callback?code=${code}&state=${ourState}`);
      assert.equal(answer.status, 500);
    }
    assert.deepEqual(ours.saved, []);
  });

  test("of an issuer that wants PKCE gives no code to a request without it", async () => {
    const { login, redirected } = await begin();
    const url = new URL(login.url);
    url.searchParams.delete("code_challenge");
    assert.match(await redirected(url.href), /\?error=invalid_request&/);
  });

  test("ends when the issuer says no, in its words, escaped", async () => {
    const world = await begin({ deniesAccess: true });
    const path = await world.redirected();
    const answer = await world.ask(path, { accept: "text/html,*/*" });
    assert.equal(answer.status, 400);
    assert.ok(answer.body.includes("Sign-in failed: The user said &#60;b&#62;no&#60;/b&#62;"));
    assert.equal((await world.ended)?.message, "Sign-in failed: The user said <b>no</b>");
  });

  test("keeps no login of another workspace than the one that is forced", async () => {
    const world = await begin({ accountId: "account-2" }, { workspaceIds: ["workspace-1"] });
    const answer = await world.ask(await world.redirected());
    assert.deepEqual([answer.status, answer.body], [500, "Login is restricted to workspace id workspace-1."]);
    assert.deepEqual(world.saved, []);
    const several = await begin({ accountId: "account-2" }, { workspaceIds: ["workspace-1", "account-2"] });
    assert.equal((await several.ask(await several.redirected())).status, 302);
    assert.equal(several.saved.length, 1);
  });

  test("does not take a visit to /success for a login", async () => {
    const world = await begin();
    assert.equal((await world.ask("/success?id_token=x&needs_setup=false")).status, 404);
    assert.equal((await world.ask(await world.redirected())).status, 302);
    assert.equal(world.saved.length, 1);
  });

  test("answers only to its own names, so that a rebound name gets nothing", async () => {
    const world = await begin();
    const path = await world.redirected();
    const { port } = world.login;
    for (const host of ["evil.example", `evil.example:${port}`, "localhost", `localhost:${port + 1}`]) {
      for (const target of [path, "/cancel", "/success"]) {
        const answer = await world.ask(target, { host });
        assert.deepEqual([answer.status, answer.body], [403, "Forbidden"], `${host} ${target}`);
      }
    }
    assert.deepEqual(world.saved, []);
    assert.equal((await world.ask(path, { host: `127.0.0.1:${port}` })).status, 302);
  });

  for (const [what, headers] of [
    ["an image", { "sec-fetch-site": "cross-site", "sec-fetch-mode": "no-cors" }],
    ["another port of this computer", { "sec-fetch-site": "same-site" }],
    ["a form", { origin: "https://evil.example" }],
    ["a link of an old browser", { referer: "https://evil.example/" }],
    ["a page without a referrer in an old browser", { "user-agent": "Mozilla/5.0 (X11; Linux x86_64)" }],
  ] as const) {
    test(`is not cancelled by a web page: ${what}`, async () => {
      const world = await begin();
      assert.equal((await world.ask("/cancel", headers)).status, 403);
      assert.equal((await world.ask(await world.redirected())).status, 302);
    });
  }

  test("is cancelled by a codex that wants the port, and by its user", async () => {
    for (const headers of [
      { connection: "close" },
      { "user-agent": "curl/8.0", accept: "*/*" },
      { "sec-fetch-site": "none", "user-agent": "Mozilla/5.0" },
    ]) {
      const world = await begin();
      const host = `127.0.0.1:${world.login.port}`;
      const answer = await world.ask("/cancel", { ...headers, host });
      assert.deepEqual(
        [answer.status, answer.body, answer.headers.connection],
        [200, "Login cancelled", "close"],
      );
      assert.equal((await world.ended)?.message, "Login cancelled");
    }
  });

  test("takes no other method, path or form of target", async () => {
    const world = await begin();
    const path = await world.redirected();
    for (const method of ["POST", "PUT", "HEAD", "OPTIONS"]) {
      assert.equal((await world.ask(path, {}, method)).status, 405);
    }
    assert.equal((await world.ask("/favicon.ico")).status, 404);
    assert.equal((await world.ask(`http://localhost:${world.login.port}/cancel`)).status, 400);
    assert.deepEqual(world.saved, []);
  });

  test("spends a code once, however often the browser brings it", async () => {
    const world = await begin();
    const path = await world.redirected();
    const answers = await Promise.all(Array.from({ length: 5 }, () => world.ask(path)));
    assert.deepEqual(new Set(answers.map((answer) => answer.status)), new Set([302]));
    assert.equal(world.saved.length, 1);
  });

  test("takes the port over from a login that was left open", async () => {
    const first = await begin();
    const second = await begin({}, { ports: [first.login.port] });
    assert.equal(second.login.port, first.login.port);
    assert.equal((await first.ended)?.code, "AUTH_LOGIN_CANCELLED");
  });

  test("takes the second port where something else holds the first, and says it where both are held", async () => {
    const squatters = [http.createServer((_, response) => response.end("mine")), http.createServer()];
    for (const server of squatters) {
      await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
      cleanups.push(() => server.close());
      cleanups.push(() => server.closeAllConnections());
    }
    const [first = 0, second = 0] = squatters.map((server) => (server.address() as { port: number }).port);
    const world = await begin({}, { ports: [first, 0] });
    assert.notEqual(world.login.port, first);
    await assert.rejects(begin({}, { ports: [first, second] }), {
      code: "AUTH_PORT_IN_USE",
      message: `Port 127.0.0.1:${first} is already in use`,
    });
  });
});
