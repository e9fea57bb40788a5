import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import fs from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, afterEach, beforeEach, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import type { AuthDocument } from "../../../agent/auth/auth-document.ts";
import { openCredentialStore } from "../../../agent/auth/credential-store.ts";
import { type Credentials, openCredentials } from "../../../agent/auth/credentials.ts";
import { AuthError } from "../../../agent/auth/errors.ts";
import { lockedStore } from "../../../agent/auth/store-lock.ts";
import { type MockIssuer, type MockIssuerOptions, startMockIssuer, unsignedJwt } from "../../mock/issuer.ts";

const run = promisify(execFile);
const refreshProcess = fileURLToPath(new URL("refresh-process.js", import.meta.url));
const day = 24 * 60 * 60 * 1000;

describe("credentials of a session", () => {
  let home: string;
  let issuer: MockIssuer;
  const warnings: string[] = [];
  const issuers: MockIssuer[] = [];

  beforeEach(async () => {
    home = fs.mkdtempSync(join(tmpdir(), "codex-auth-"));
    issuer = await issuerWith({});
    warnings.length = 0;
  });
  afterEach(() => fs.rmSync(home, { recursive: true, force: true }));
  after(async () => {
    for (const one of issuers) await one.close();
  });

  async function issuerWith(options: MockIssuerOptions): Promise<MockIssuer> {
    const started = await startMockIssuer(options);
    issuers.push(started);
    return started;
  }
  const write = (document: unknown) =>
    fs.writeFileSync(join(home, "auth.json"), JSON.stringify(document), { mode: 0o600 });
  const read = () => JSON.parse(fs.readFileSync(join(home, "auth.json"), "utf8")) as AuthDocument;
  const refreshUrl = () => `${issuer.url}/oauth/token`;
  function open(
    environment: Record<string, string> = {},
    usesApiKeyVariable = false,
    now?: () => number,
  ): Promise<Credentials> {
    return openCredentials({
      codexHome: home,
      store: "file",
      environment: { CODEX_REFRESH_TOKEN_URL_OVERRIDE: refreshUrl(), ...environment },
      usesApiKeyVariable,
      warn: (message) => warnings.push(message),
      ...(now === undefined ? {} : { now }),
    });
  }
  function chatgpt(options: { ageMs?: number; expiresInMs?: number } = {}): AuthDocument {
    const { refresh_token, id_token } = issuer.issue();
    const access_token = unsignedJwt({
      exp: Math.floor((Date.now() + (options.expiresInMs ?? 10 * day)) / 1000),
      old: true,
    });
    return {
      OPENAI_API_KEY: null,
      tokens: { id_token, access_token, refresh_token, account_id: "account-1" },
      last_refresh: new Date(Date.now() - (options.ageMs ?? 0)).toISOString(),
    };
  }
  const refreshes = () => issuer.requests.filter((request) => request.path === "/oauth/token");
  const codeOf = (error: unknown) => (error instanceof AuthError ? error.code : error);

  test("are none where nothing is stored", async () => {
    const credentials = await open();
    assert.deepEqual(
      [credentials.mode, await credentials.authorize(), await credentials.refreshAfter401("x")],
      ["none", undefined, false],
    );
  });

  test("are a stored API key, whatever the environment holds, unless exec asks for CODEX_API_KEY", async () => {
    write({ OPENAI_API_KEY: "sk-stored" });
    const environment = { CODEX_API_KEY: " sk-env ", OPENAI_API_KEY: "sk-other" };
    assert.deepEqual(await (await open(environment)).authorize(), { bearer: "sk-stored" });
    const forExec = await open(environment, true);
    assert.deepEqual(await forExec.authorize(), { bearer: "sk-env" });
    assert.deepEqual(forExec.describe(), { mode: "api-key", source: "CODEX_API_KEY" });
  });

  test("are the access token and account of a ChatGPT login, without a word to the issuer while both are fresh", async () => {
    const document = chatgpt();
    write(document);
    const credentials = await open();
    assert.deepEqual(await credentials.authorize(), {
      bearer: document.tokens?.access_token,
      accountId: "account-1",
    });
    assert.deepEqual(credentials.describe(), {
      mode: "chatgpt",
      source: "stored",
      email: "user@example.com",
      planType: "plus",
      accountId: "account-1",
    });
    assert.equal(issuer.requests.length, 0);
  });

  for (const [reason, options] of [
    ["its token ends within five minutes", { expiresInMs: 4 * 60_000, ageMs: 2 * 60_000 }],
    ["its token has ended", { expiresInMs: -1000 }],
    ["it is older than eight days", { ageMs: 9 * day }],
  ] as const) {
    test(`are refreshed before use when ${reason}, and every unknown member stays`, async () => {
      const before = { ...chatgpt(options), auth_mode: "chatgpt", of_later_versions: { a: [1] } };
      const tokens = { ...before.tokens, oauth_provenance: { issuer: "i", client_id: "app_other" } };
      write({ ...before, tokens });
      const authorization = await (await open()).authorize();
      const after = read();
      assert.equal(authorization?.bearer, after.tokens?.access_token);
      assert.notEqual(after.tokens?.access_token, before.tokens?.access_token);
      assert.notEqual(after.tokens?.refresh_token, before.tokens?.refresh_token);
      const { tokens: tokensAfter, last_refresh, ...rest } = after;
      assert.deepEqual(rest, {
        OPENAI_API_KEY: null,
        auth_mode: "chatgpt",
        of_later_versions: { a: [1] },
      });
      assert.deepEqual(tokensAfter?.oauth_provenance, { issuer: "i", client_id: "app_other" });
      assert.equal(tokensAfter?.account_id, "account-1");
      assert.ok(Date.now() - Date.parse(last_refresh ?? "") < 60_000);
      assert.deepEqual(JSON.parse(refreshes()[0]?.body ?? ""), {
        client_id: "app_other",
        grant_type: "refresh_token",
        refresh_token: before.tokens?.refresh_token,
        scope: "openid profile email",
      });
      assert.equal(fs.statSync(join(home, "auth.json")).mode & 0o777, 0o600);
      assert.deepEqual(fs.readdirSync(home), ["auth.json"]);
    });
  }

  test("with tokens that live shorter than the margin are not refreshed for every request", async () => {
    write(chatgpt({ expiresInMs: 2 * 60_000, ageMs: 1000 }));
    await (await open()).authorize();
    assert.equal(issuer.requests.length, 0);
  });

  test("are refreshed after a 401, once for any number of requests that got one", async () => {
    const document = chatgpt();
    write(document);
    const credentials = await open();
    const used = document.tokens?.access_token ?? "";
    const results = await Promise.all(Array.from({ length: 10 }, () => credentials.refreshAfter401(used)));
    assert.deepEqual(new Set(results), new Set([true]));
    assert.equal(refreshes().length, 1);
    assert.notEqual((await credentials.authorize())?.bearer, used);
  });

  test("of another process's refresh are taken over after a 401 instead of spending a token", async () => {
    const document = chatgpt();
    write(document);
    const credentials = await open();
    write({ ...document, tokens: { ...document.tokens, ...issuer.issue() } });
    assert.equal(await credentials.refreshAfter401(document.tokens?.access_token ?? ""), true);
    assert.equal((await credentials.authorize())?.bearer, read().tokens?.access_token);
    assert.equal(issuer.requests.length, 0);
  });

  test("of another account are not taken over", async () => {
    const document = chatgpt();
    write(document);
    const credentials = await open();
    write({ ...document, tokens: { ...document.tokens, account_id: "account-2" } });
    await assert.rejects(credentials.refreshAfter401(document.tokens?.access_token ?? ""), {
      code: "AUTH_ACCOUNT_CHANGED",
    });
    assert.equal(issuer.requests.length, 0);
  });

  for (const [failure, message] of [
    ["expired", "because your refresh token has expired."],
    ["reused", "because your refresh token was already used."],
    ["invalidated", "because your refresh token was revoked."],
  ] as const) {
    test(`say in the original's words that a refresh token is ${failure}, and do not offer it again`, async () => {
      const document = chatgpt({ expiresInMs: -1000 });
      write(document);
      issuer.failure = failure;
      const credentials = await open();
      const expected = {
        code: "AUTH_REFRESH_REFUSED",
        message: `Your access token could not be refreshed ${message} Please log out and sign in again.`,
      };
      await assert.rejects(credentials.authorize(), expected);
      await assert.rejects(credentials.authorize(), expected);
      assert.equal(refreshes().length, 1);
      assert.deepEqual(read(), document);
      assert.deepEqual(fs.readdirSync(home), ["auth.json"]);
    });
  }

  for (const [failure, code] of [
    ["unauthorized", "AUTH_REFRESH_REFUSED"],
    ["server-error", "AUTH_REFRESH_FAILED"],
    ["not-json", "AUTH_ISSUER_ANSWER"],
    ["hang-up", "AUTH_ISSUER_UNREACHABLE"],
  ] as const) {
    test(`tell ${failure} apart, change nothing, and go on while the token is good`, async () => {
      const document = chatgpt({ expiresInMs: 60_000, ageMs: 2 * day });
      write(document);
      issuer.failure = failure;
      const credentials = await open();
      assert.equal((await credentials.authorize())?.bearer, document.tokens?.access_token);
      const error = await credentials
        .refreshAfter401(document.tokens?.access_token ?? "")
        .catch((caught: unknown) => caught);
      assert.equal(codeOf(error), code);
      assert.deepEqual(read(), document);
      const shown = `${(error as Error).message} ${(error as AuthError).hint}`;
      for (const secret of [...issuer.secrets, document.tokens?.access_token ?? ""]) {
        assert.ok(!shown.includes(secret));
      }
    });
  }

  test("that the original has refreshed in the same moment are taken over, though ours were refused", async () => {
    write(chatgpt({ expiresInMs: -1000 }));
    const credentials = await open();
    const token = issuer.holdTokens();
    const authorized = credentials.authorize();
    await token.arrived;
    issuer.failure = "reused";
    token.release();
    const theirs = chatgpt();
    // It stores what it got a little after the issuer has told us that the token is spent.
    await sleep(300);
    write(theirs);
    assert.equal((await authorized)?.bearer, theirs.tokens?.access_token);
    assert.deepEqual(read(), theirs);
  });

  for (const [what, meanwhile] of [
    ["logged out", () => fs.rmSync(join(home, "auth.json"))],
    ["logged in with a key", () => write({ OPENAI_API_KEY: "sk-new" })],
    [
      "logged in as somebody else",
      () => write({ ...chatgpt(), tokens: { ...chatgpt().tokens, account_id: "account-2" } }),
    ],
  ] as const) {
    test(`bring nothing back where the original has ${what} during the refresh`, async () => {
      write(chatgpt({ expiresInMs: -1000 }));
      const credentials = await open();
      const token = issuer.holdTokens();
      const authorized = credentials.authorize();
      await token.arrived;
      meanwhile();
      const left = fs.existsSync(join(home, "auth.json")) ? read() : undefined;
      token.release();
      await assert.rejects(authorized, (error) => codeOf(error) === "AUTH_ACCOUNT_CHANGED");
      assert.deepEqual(fs.existsSync(join(home, "auth.json")) ? read() : undefined, left);
    });
  }

  test("do not replace tokens that the original has refreshed in the same moment", async () => {
    write(chatgpt({ expiresInMs: -1000 }));
    const credentials = await open();
    const token = issuer.holdTokens();
    const authorized = credentials.authorize();
    await token.arrived;
    const theirs = chatgpt();
    write(theirs);
    token.release();
    assert.equal((await authorized)?.bearer, theirs.tokens?.access_token);
    assert.deepEqual(read(), theirs);
  });

  test("of twenty processes at once spend the refresh token once, and all end with the same new token", async () => {
    issuer = await issuerWith({ refreshDelayMs: 300 });
    const document = chatgpt({ expiresInMs: -1000 });
    write(document);
    const outputs = await Promise.all(
      Array.from({ length: 20 }, () => run(process.execPath, [refreshProcess, home, refreshUrl()])),
    );
    const bearers = new Set(outputs.map((output) => output.stdout.trim()));
    assert.deepEqual(bearers, new Set([read().tokens?.access_token]));
    assert.equal(refreshes().length, 1);
    assert.deepEqual(issuer.reused, []);
    assert.deepEqual(fs.readdirSync(home), ["auth.json"]);
  });

  test("of twenty processes without a lock do spend it more than once: the control", async () => {
    issuer = await issuerWith({ refreshDelayMs: 100 });
    const document = chatgpt();
    const body = JSON.stringify({ refresh_token: document.tokens?.refresh_token });
    const headers = { "content-type": "application/json" };
    await Promise.all(
      Array.from({ length: 20 }, () => fetch(refreshUrl(), { method: "POST", headers, body })),
    );
    assert.equal(issuer.reused.length, 19);
  });

  test("that are logged out while they are refreshed are good to the end, and stay logged out", async () => {
    issuer = await issuerWith({ refreshDelayMs: 500 });
    write(chatgpt({ expiresInMs: -1000 }));
    const refreshing = run(process.execPath, [refreshProcess, home, refreshUrl()]);
    while (refreshes().length === 0) await sleep(10);
    const store = openCredentialStore({ codexHome: home, store: "file", warn: () => {} });
    assert.equal(await lockedStore(home, store).remove(), true);
    // Without the lock it would have failed, as it does for a logout by the original.
    assert.match((await refreshing).stdout, /^eyJ/);
    assert.deepEqual(fs.readdirSync(home), []);
  });

  test("of a personal access token name the account that the issuer says, asked once", async () => {
    write({ OPENAI_API_KEY: null, personal_access_token: "at-good" });
    const credentials = await open({ CODEX_AUTHAPI_BASE_URL: `${issuer.url}/` });
    assert.deepEqual(await credentials.authorize(), { bearer: "at-good", accountId: "account-1" });
    await credentials.authorize();
    assert.equal(issuer.requests.length, 1);
    assert.equal(credentials.mode, "chatgpt");
  });

  test("of CODEX_ACCESS_TOKEN come before what is stored", async () => {
    write({ OPENAI_API_KEY: "sk-stored" });
    const credentials = await open({
      CODEX_ACCESS_TOKEN: "at-good",
      CODEX_AUTHAPI_BASE_URL: issuer.url,
    });
    assert.equal((await credentials.authorize())?.bearer, "at-good");
  });

  test("of a kind that only later versions know are refused by name", async () => {
    write({ auth_mode: "agentIdentity", agent_identity: "a.b.c" });
    await assert.rejects(open(), {
      code: "AUTH_MODE_UNSUPPORTED",
      message: "the stored login is of a kind that is not supported (agentIdentity)",
    });
  });

  test("that were refreshed but cannot be written are used, with a warning", async () => {
    write(chatgpt({ expiresInMs: -1000 }));
    const store = {
      load: async () => read(),
      beginSave: async () => ({
        abandon: async () => {},
        commit: async () => {
          throw new Error("disk full");
        },
      }),
      remove: async () => false,
    };
    const credentials = await openCredentials({
      codexHome: home,
      store: "file",
      environment: { CODEX_REFRESH_TOKEN_URL_OVERRIDE: refreshUrl() },
      usesApiKeyVariable: false,
      warn: (message) => warnings.push(message),
      credentialStore: store,
    });
    const authorization = await credentials.authorize();
    assert.ok(issuer.secrets.includes(authorization?.bearer ?? ""));
    assert.deepEqual(warnings, ["the refreshed login could not be stored: disk full"]);
  });

  test("are not spent where the new ones could not be kept", async () => {
    write(chatgpt({ expiresInMs: -1000 }));
    const credentials = await openCredentials({
      codexHome: home,
      store: "file",
      environment: { CODEX_REFRESH_TOKEN_URL_OVERRIDE: refreshUrl() },
      usesApiKeyVariable: false,
      warn: (message) => warnings.push(message),
      credentialStore: {
        load: async () => read(),
        beginSave: async () => {
          throw new AuthError("AUTH_FILE_UNWRITABLE", "no");
        },
        remove: async () => false,
      },
    });
    await assert.rejects(credentials.authorize(), { code: "AUTH_FILE_UNWRITABLE" });
    assert.equal(issuer.requests.length, 0);
  });
});
