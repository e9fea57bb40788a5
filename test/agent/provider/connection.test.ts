// What goes to a provider, and what never does.

import assert from "node:assert/strict";
import http from "node:http";
import type { AddressInfo } from "node:net";
import { describe, test } from "node:test";
import type { ModelProvider } from "../../../agent/config/config.ts";
import type { Environment } from "../../../agent/environment.ts";
import { isAzure } from "../../../agent/provider/azure.ts";
import { responsesUrl } from "../../../agent/provider/base-url.ts";
import { type Connection, openConnection } from "../../../agent/provider/connection.ts";
import type { CredentialSource } from "../../../agent/provider/key.ts";
import { describeSender } from "../../../agent/provider/user-agent.ts";
import { refuses, says } from "../../mock/scenarios.ts";
import { type Step, startScriptedUpstream } from "../../mock/scripted-upstream.ts";
import { provider, sender } from "./provider.ts";

async function post(connection: Connection): Promise<number> {
  const signal = new AbortController().signal;
  try {
    const answer = await connection.post({ body: "{}", headers: { "x-test": "1" }, signal });
    answer.body.destroy();
    return answer.status;
  } finally {
    await connection.close();
  }
}

interface Sent {
  readonly settings?: Partial<ModelProvider>;
  readonly environment?: Environment;
  readonly credentials?: CredentialSource;
  readonly steps?: readonly Step[];
}

/** Path and headers of what came in, without those that every request has. */
async function sent({ settings = {}, environment = {}, credentials, steps = [says("ok")] }: Sent) {
  const upstream = await startScriptedUpstream(steps);
  const modelProvider = provider({ baseUrl: upstream.baseUrl, ...settings });
  let status: number;
  try {
    status = await post(await openConnection({ modelProvider }, credentials, environment, sender));
  } finally {
    await upstream.close();
  }
  return upstream.requests.map(({ url, headers }) => {
    const { host: _, connection: __, "content-length": ___, ...rest } = headers;
    return { status, url, headers: rest };
  });
}

const always = { originator: "codex_test", "user-agent": "codex_test/0.50.0", "x-test": "1" };

const apiKey: CredentialSource = {
  mode: "api-key",
  authorize: async () => ({ bearer: "sk-login" }),
  refreshAfter401: async () => false,
};

describe("a connection to a provider", () => {
  test("carries headers and query of the table, and no key where none is asked for", async () => {
    const settings = {
      queryParams: { "api-version": "2025-04-01", a: "b c" },
      httpHeaders: { "X-Static": "s" },
      envHttpHeaders: { "X-Env": "HAVE", "X-Blank": "BLANK", "X-Unset": "UNSET" },
    };
    const environment = { HAVE: "value", BLANK: "  ", OPENAI_API_KEY: "sk-never" };
    assert.deepEqual(await sent({ settings, environment, credentials: apiKey }), [
      {
        status: 200,
        url: "/v1/responses?api-version=2025-04-01&a=b+c",
        headers: { ...always, "x-static": "s", "x-env": "value" },
      },
    ]);
  });

  const keys: readonly (readonly [title: string, sent: Sent, bearer: string | undefined])[] = [
    [
      "the variable of env_key, before token and login",
      {
        settings: { envKey: "KEY", experimentalBearerToken: "token", requiresOpenaiAuth: true },
        environment: { KEY: " sk-variable\n" },
        credentials: apiKey,
      },
      "Bearer sk-variable",
    ],
    [
      "experimental_bearer_token, before the login",
      { settings: { experimentalBearerToken: "token", requiresOpenaiAuth: true }, credentials: apiKey },
      "Bearer token",
    ],
    [
      "the login where the provider asks for it",
      { settings: { requiresOpenaiAuth: true }, credentials: apiKey },
      "Bearer sk-login",
    ],
    ["nothing where nobody is logged in", { settings: { requiresOpenaiAuth: true } }, undefined],
    ["nothing of a login that another provider is for", { credentials: apiKey }, undefined],
  ];
  for (const [title, request, bearer] of keys) {
    test(`authenticates with ${title}`, async () => {
      assert.deepEqual(
        (await sent(request)).map(({ headers }) => headers.authorization),
        [bearer],
      );
    });
  }

  test("tells the account of a ChatGPT login, and refreshes it once after a 401", async () => {
    let bearer = "first";
    const used: string[] = [];
    const credentials: CredentialSource = {
      mode: "chatgpt",
      authorize: async () => ({ bearer, accountId: "acc-1" }),
      refreshAfter401: async (old) => {
        used.push(old);
        bearer = "second";
        return true;
      },
    };
    const settings = { requiresOpenaiAuth: true };
    const requests = await sent({ settings, credentials, steps: [refuses(401, {})] });
    assert.deepEqual(
      requests.map(({ status, headers }) => [status, headers.authorization, headers["chatgpt-account-id"]]),
      [
        [401, "Bearer first", "acc-1"],
        [401, "Bearer second", "acc-1"],
      ],
    );
    assert.deepEqual(used, ["first"]);
  });

  test("names the variable that is missing, with the instructions of the table", async () => {
    const settings = { envKey: "MOCK_KEY", envKeyInstructions: "Get one at x." };
    await assert.rejects(sent({ settings, environment: { MOCK_KEY: " " } }), {
      code: "PROVIDER_MISSING_VARIABLE",
      message: "Missing environment variable: `MOCK_KEY`. Get one at x.",
    });
  });

  test("shows neither key nor header value where one cannot be sent", async () => {
    const secret = "sk-secret\nX: y";
    for (const [settings, environment] of [
      [{ experimentalBearerToken: secret }, {}],
      [{ httpHeaders: { "X-A": secret } }, {}],
      [{ envHttpHeaders: { "X-A": "V" } }, { V: secret }],
      [{ envKey: "V" }, { V: secret }],
      [{ baseUrl: "https://user:sk-secret@example.com/v1" }, {}],
    ] as const) {
      await assert.rejects(sent({ settings, environment }), (error: Error) => {
        assert.doesNotMatch(
          `${error.message} ${error.stack} ${(error as { hint?: string }).hint}`,
          /sk-secret/,
        );
        assert.match((error as Error & { code: string }).code, /^PROVIDER_/);
        return true;
      });
    }
  });

  for (const [title, settings, credentials, hint] of [
    ["a variable", { id: "gw", envKey: "V" }, undefined, "check the environment variable V"],
    [
      "config.toml",
      { id: "a.b", experimentalBearerToken: "a b" },
      undefined,
      'check model_providers."a.b".experimental_bearer_token in config.toml',
    ],
    [
      "the login",
      { requiresOpenaiAuth: true },
      { ...apiKey, authorize: async () => ({ bearer: "a b" }) },
      "check CODEX_API_KEY if it is set, or run `codex login` again",
    ],
  ] as const) {
    test(`says where a key is to be mended that came from ${title}`, async () => {
      await assert.rejects(
        sent({ settings, ...(credentials && { credentials }), environment: { V: "a b" } }),
        {
          code: "PROVIDER_BAD_KEY",
          hint,
        },
      );
    });
  }

  for (const [id, hint] of [
    ["openai", "check OPENAI_BASE_URL, and openai_base_url in config.toml"],
    ["oss", "check CODEX_OSS_BASE_URL and CODEX_OSS_PORT"],
    [
      "ollama",
      "check CODEX_OSS_BASE_URL and CODEX_OSS_PORT, and model_providers.ollama.base_url in config.toml",
    ],
    ["gw", "check model_providers.gw.base_url in config.toml"],
  ] as const) {
    test(`says where the base URL of ${id} is to be mended`, () => {
      assert.throws(() => responsesUrl(provider({ id, baseUrl: "http://localhost:abc/v1" }), false), {
        code: "PROVIDER_BASE_URL",
        hint,
      });
    });
  }

  test("never follows a redirect, with or without a key", async () => {
    const elsewhere = await startScriptedUpstream([says("stolen")]);
    const redirect = { status: 307, headers: { location: `${elsewhere.baseUrl}/responses` } };
    const requests = await sent({ settings: { experimentalBearerToken: "token" }, steps: [redirect] });
    assert.deepEqual([requests.length, requests[0]?.status, elsewhere.requests.length], [1, 307, 0]);
    await elsewhere.close();
  });

  test("takes the HTTP proxy of the environment to other machines, and to this one goes straight", async () => {
    const seen: string[] = [];
    const forward = http.createServer((request, response) => {
      seen.push(request.url ?? "");
      response.end("{}");
    });
    forward.on("connect", (request, socket) => {
      seen.push(`CONNECT ${request.url}`);
      socket.end("HTTP/1.1 502 No\r\n\r\n");
    });
    await new Promise<void>((resolve) => forward.listen(0, "127.0.0.1", resolve));
    const url = `http://127.0.0.1:${(forward.address() as AddressInfo).port}`;
    const environment = { HTTPS_PROXY: url, http_proxy: url, no_proxy: "direct.test" };
    const through = async (baseUrl: string) =>
      post(await openConnection({ modelProvider: provider({ baseUrl }) }, undefined, environment, sender));

    await assert.rejects(through("https://api.example.test/v1"));
    await assert.rejects(through("https://direct.test/v1"));
    assert.equal((await sent({ environment })).length, 1);
    assert.deepEqual(seen, ["CONNECT api.example.test:443"]);
    forward.closeAllConnections();
    forward.close();
  });
});

describe("the base URL", () => {
  const openai = provider({ id: "openai", requiresOpenaiAuth: true });
  const url = (isChatgpt: boolean, settings: Partial<ModelProvider> = {}) =>
    responsesUrl({ ...openai, ...settings }, isChatgpt).href;

  test("is the API's for a key, ChatGPT's for its login, and the configured one for both", () => {
    assert.equal(url(false), "https://api.openai.com/v1/responses");
    assert.equal(url(true), "https://chatgpt.com/backend-api/codex/responses");
    const settings = { baseUrl: "https://gateway.test/v1/" };
    assert.equal(url(false, settings), "https://gateway.test/v1/responses");
    assert.equal(url(true, settings), "https://gateway.test/v1/responses");
  });

  test("is Azure's by the name of the provider or by its host", () => {
    const azure = (name: string, base: string) => isAzure(provider({ name }), new URL(base));
    assert.equal(azure("Azure", "https://example.com/v1/responses"), true);
    assert.equal(azure("x", "https://me.openai.azure.com/openai/responses"), true);
    assert.equal(azure("x", "https://api.openai.com/v1/responses"), false);
  });
});

test("the User-Agent has the form that dashboards know, whatever the variables hold", () => {
  const facts = { originator: "codex_exec", matchedRelease: "0.50.0", packageVersion: "0.1.0" };
  const form = /^codex_exec\/0\.50\.0 \([^;()]+; \w+\) (\S+) \(codex-responses-api-proxy 0\.1\.0\)$/;
  assert.equal(form.exec(describeSender(facts, { TERM: "xterm" }).userAgent)?.[1], "xterm");
  const program = { TERM_PROGRAM: "iTerm.app", TERM_PROGRAM_VERSION: "3.5", TERM: "xterm" };
  assert.equal(form.exec(describeSender(facts, program).userAgent)?.[1], "iTerm.app/3.5");
  assert.equal(form.exec(describeSender(facts, { TERM: "a\r\nb" }).userAgent)?.[1], "a__b");
  const override = { CODEX_INTERNAL_ORIGINATOR_OVERRIDE: "codex_sdk_ts" };
  assert.equal(describeSender(facts, override).originator, "codex_sdk_ts");
  assert.match(describeSender(facts, override).userAgent, /^codex_sdk_ts\/0\.50\.0 /);
});
