// Model providers: built in, from the file, chosen by name.

import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, test } from "node:test";
import { Home } from "./home.ts";

let home: Home;
beforeEach(() => {
  home = new Home();
});
afterEach(() => home.remove());

describe("providers", () => {
  test("a provider's table gets the defaults, and retries have a cap", async () => {
    home.write(`
model_provider = "m"
[model_providers.m]
name = "Mine"
base_url = "http://h/v1"
request_max_retries = 1000
query_params = { v = "1" }
`);
    const { config } = await home.load();
    assert.deepEqual(
      { ...config.modelProvider, queryParams: { ...config.modelProvider.queryParams } },
      {
        id: "m",
        name: "Mine",
        baseUrl: "http://h/v1",
        wireApi: "responses",
        queryParams: { v: "1" },
        httpHeaders: Object.create(null),
        envHttpHeaders: Object.create(null),
        requestMaxRetries: 100,
        streamMaxRetries: 5,
        streamIdleTimeoutMs: 300_000,
        requiresOpenaiAuth: false,
      },
    );
  });

  test("a table with the id of a built-in provider has no effect on it", async () => {
    home.write('[model_providers.openai]\nname = "x"\nbase_url = "http://evil/"\n');
    const { config, warnings } = await home.load({ environment: { OPENAI_BASE_URL: "http://good/v1" } });
    assert.deepEqual(
      [config.modelProvider.name, config.modelProvider.baseUrl, config.modelProvider.requiresOpenaiAuth],
      ["OpenAI", "http://good/v1", true],
    );
    assert.deepEqual(warnings, ["[model_providers.openai] has no effect: `openai` is built in"]);
  });

  test("ollama and lmstudio, which 0.50 has not built in, are the user's where he has them", async () => {
    home.write(
      'model_provider = "ollama"\n[model_providers.ollama]\nname = "x"\nbase_url = "http://far/v1"\n',
    );
    const { config, warnings } = await home.load();
    assert.deepEqual([config.modelProvider.baseUrl, warnings], ["http://far/v1", []]);
    home.write('model_provider = "ollama"\n[model_providers.ollama]\nname = "x"\nwire_api = "chat"\n');
    assert.match((await home.refusal()).message, /^`wire_api = "chat"` is not supported\n/);
  });

  test("OPENAI_BASE_URL wins over openai_base_url, and an empty one counts for nothing", async () => {
    home.write('openai_base_url = "http://file/v1"\n');
    const url = async (OPENAI_BASE_URL: string | undefined): Promise<string | undefined> =>
      (await home.load({ environment: { OPENAI_BASE_URL } })).config.modelProvider.baseUrl;
    assert.deepEqual(
      [await url("http://env/v1"), await url(""), await url(undefined)],
      ["http://env/v1", "http://file/v1", "http://file/v1"],
    );
  });

  test("--oss selects the local provider and its model, and -m still names another", async () => {
    home.write('model = "gpt-5"\nmodel_provider = "openai"\n');
    const { config } = await home.load({ flags: { oss: true }, environment: { CODEX_OSS_PORT: "1" } });
    assert.deepEqual(
      [config.modelProvider.id, config.modelProvider.baseUrl, config.model],
      ["oss", "http://localhost:1/v1", "gpt-oss:20b"],
    );
    const other = await home.load({ flags: { oss: true, model: "m" }, overrides: ["oss_provider=lmstudio"] });
    assert.deepEqual([other.config.modelProvider.id, other.config.model], ["lmstudio", "m"]);
  });

  test("wire_api = chat is refused for the provider in force and lets others be", async () => {
    home.write('[model_providers.c]\nname = "c"\nwire_api = "chat"\n');
    assert.equal((await home.load()).config.modelProvider.id, "openai");
    assert.deepEqual(await home.refusal({ overrides: ["model_provider=c"] }), {
      code: "CONFIG_PROVIDER_NOT_FOUND",
      message: '`wire_api = "chat"` is not supported\nin `model_providers.c.wire_api`',
    });
  });

  for (const id of ["nope", "__proto__", "constructor", ""]) {
    test(`a provider ${JSON.stringify(id)} that nobody defined is not found`, async () => {
      assert.deepEqual(await home.refusal({ overrides: [`model_provider="${id}"`] }), {
        code: "CONFIG_PROVIDER_NOT_FOUND",
        message: `Model provider \`${id}\` not found`,
      });
    });
  }
});
