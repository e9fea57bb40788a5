import assert from "node:assert/strict";
import fs from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, beforeEach, describe, test } from "node:test";
import type { Config } from "../../../agent/config/config.ts";
import { loadConfig } from "../../../agent/config/load.ts";
import type { Finding } from "../../../agent/doctor/check.ts";
import { checkCredentials } from "../../../agent/doctor/credentials.ts";
import { healthyContext } from "./context.ts";

const root = fs.realpathSync(fs.mkdtempSync(join(tmpdir(), "codex-doctor-auth-")));
after(() => fs.rmSync(root, { recursive: true, force: true }));

const apiKey = "sk-doctor-0123456789abcdefghijklmnop";
let home = "";
beforeEach(() => {
  home = fs.mkdtempSync(join(root, "home-"));
});

function jwt(claims: object): string {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");
  return `${part({ alg: "none" })}.${part(claims)}.c2lnbmF0dXJl`;
}

function store(document: object, mode = 0o600): void {
  fs.writeFileSync(join(home, "auth.json"), JSON.stringify(document), { mode });
  fs.chmodSync(join(home, "auth.json"), mode);
}

async function check(toml = "", variables: Record<string, string> = {}): Promise<Finding> {
  fs.writeFileSync(join(home, "config.toml"), toml);
  const environment = { CODEX_HOME: home, HOME: home, ...variables };
  const { config } = await loadConfig({
    environment,
    cwd: home,
    overrides: [],
    flags: {},
    isStrict: false,
    warn: (message) => assert.fail(message),
  });
  return checkCredentials(home, config as Config, healthyContext({ environment }));
}

const brief = ({ status, summary, remediation }: Finding) => ({ status, summary, remediation });
const now = healthyContext().now.getTime();
const chatgpt = (lastRefreshMs: number, expiresMs: number, refreshToken = "rt-secret") => ({
  OPENAI_API_KEY: null,
  tokens: {
    id_token: jwt({ email: "a@example.com", "https://api.openai.com/auth": { chatgpt_plan_type: "pro" } }),
    access_token: jwt({ exp: Math.floor(expiresMs / 1000) }),
    refresh_token: refreshToken,
    account_id: "acc",
  },
  last_refresh: new Date(lastRefreshMs).toISOString(),
});

describe("what requests are authorised with", () => {
  test("the way to log in is one that the configuration allows", async () => {
    const byKey = "printenv OPENAI_API_KEY | codex login --with-api-key";
    assert.equal((await check('forced_login_method = "api"')).remediation, byKey);
    assert.equal((await check('forced_login_method = "chatgpt"')).remediation, "codex login");
    store(chatgpt(now, now + 3_600_000));
    assert.deepEqual(brief(await check('forced_login_method = "api"')), {
      status: "fail",
      summary: "API key login is required, but ChatGPT is currently being used",
      remediation: byKey,
    });
  });

  test("a folder in the place of auth.json is answered with what makes way", async () => {
    const path = join(home, "auth.json");
    fs.mkdirSync(path);
    assert.deepEqual(brief(await check()), {
      status: "fail",
      summary: `${path} is not a regular file`,
      remediation: `mv ${path} ${path}.old`,
    });
  });

  test("without any home nothing is looked for in the working directory", async () => {
    const finding = await checkCredentials(undefined, undefined, healthyContext());
    assert.deepEqual(brief(finding), {
      status: "fail",
      summary: "there is no folder for a login",
      remediation: undefined,
    });
  });

  test("nobody logged in is a failure with the command that logs in", async () => {
    assert.deepEqual(brief(await check()), {
      status: "fail",
      summary: "not logged in",
      remediation: "codex login",
    });
  });

  test("CODEX_API_KEY alone is enough for exec and for nothing else, which is said", async () => {
    assert.deepEqual(brief(await check("", { CODEX_API_KEY: apiKey })), {
      status: "warning",
      summary: "not logged in; only codex exec uses CODEX_API_KEY",
      remediation: "codex login",
    });
  });

  test("an API key is well, and no part of it is in the finding", async () => {
    store({ OPENAI_API_KEY: apiKey });
    const finding = await check();
    assert.deepEqual(finding, {
      status: "ok",
      summary: "logged in with an API key",
      details: { store: "file", "auth.json": join(home, "auth.json"), mode: "0600", warnings: [] },
    });
    assert.ok(!JSON.stringify(finding).includes(apiKey.slice(3, 12)));
  });

  test("auth.json that others may read is warned about with the command that closes it", async () => {
    store({ OPENAI_API_KEY: apiKey }, 0o644);
    assert.deepEqual(brief(await check()), {
      status: "warning",
      summary: `${home}/auth.json holds a login and may be read by other users (mode 0644)`,
      remediation: `chmod 600 ${home}/auth.json`,
    });
  });

  test("a ChatGPT login tells its account and its age, and nothing of its tokens", async () => {
    const document = chatgpt(now - 3 * 86_400_000, now + 3_600_000);
    store(document);
    const finding = await check();
    assert.deepEqual(finding, {
      status: "ok",
      summary: "logged in with ChatGPT, refreshed 3 days ago",
      details: {
        store: "file",
        "auth.json": join(home, "auth.json"),
        mode: "0600",
        warnings: [],
        account: "a@example.com",
        plan: "pro",
        "last refresh": document.last_refresh,
        "age of the token": "3 days ago",
        "token expires": new Date(Math.floor((now + 3_600_000) / 1000) * 1000).toISOString(),
      },
    });
    for (const token of [document.tokens.access_token, document.tokens.id_token, "rt-secret"]) {
      assert.ok(!JSON.stringify(finding).includes(token));
    }
  });

  test("an expired login that cannot be refreshed is a failure; one that can is not", async () => {
    store(chatgpt(now - 86_400_000, now - 1000, ""));
    assert.deepEqual(brief(await check()), {
      status: "fail",
      summary: "the ChatGPT login has expired and cannot be refreshed",
      remediation: "codex login",
    });
    store(chatgpt(now - 86_400_000, now - 1000));
    assert.equal((await check()).status, "ok");
  });

  test("a login of the wrong kind for this machine is a failure", async () => {
    store({ OPENAI_API_KEY: apiKey });
    assert.equal((await check('forced_login_method = "chatgpt"')).status, "fail");
    store(chatgpt(now, now + 3_600_000));
    assert.equal((await check('forced_login_method = "api"')).status, "fail");
  });

  test("a malformed auth.json is refused without a word of it", async () => {
    fs.writeFileSync(join(home, "auth.json"), `{"OPENAI_API_KEY": "${apiKey}`, { mode: 0o600 });
    const finding = await check();
    assert.deepEqual(brief(finding), {
      status: "fail",
      summary: `${join(home, "auth.json")} is malformed: it is not JSON`,
      remediation: "codex login",
    });
    assert.ok(!JSON.stringify(finding).includes(apiKey.slice(3, 12)));
  });
});

describe("when no login is needed", () => {
  const provider = (lines: string) =>
    `model_provider = "p"\n[model_providers.p]\nname = "P"\nbase_url = "http://127.0.0.1:1/v1"\n${lines}`;

  test("a proxy has the key", async () => {
    assert.deepEqual(brief(await check('proxy = "http://127.0.0.1:1"')), {
      status: "ok",
      summary: "not needed: requests go through the proxy, which has the key",
      remediation: undefined,
    });
  });

  test("a provider that takes its key from a variable is asked for that variable", async () => {
    const toml = provider('env_key = "P_KEY"\n');
    assert.deepEqual(brief(await check(toml)), {
      status: "fail",
      summary: "provider p takes its key from P_KEY, which is not set",
      remediation: "export P_KEY=…",
    });
    assert.deepEqual(brief(await check(toml, { P_KEY: apiKey })), {
      status: "ok",
      summary: "the key of provider p is in P_KEY",
      remediation: undefined,
    });
  });

  test("a provider without any key is well", async () => {
    assert.equal((await check(provider(""))).summary, "provider p asks for none");
  });
});
