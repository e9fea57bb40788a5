// Providers of models: the built-in ones and those of [model_providers], with defaults filled in.

import type { Environment } from "../environment.ts";
import type { ModelProvider, TomlTable } from "./config.ts";
import { ConfigError } from "./errors.ts";
import { keyText } from "./key-text.ts";
import { booleanOf, integerOf, stringMapOf, stringOf, tableOf } from "./typed.ts";

const maxRetries = 100;

const defaults = {
  wireApi: "responses",
  queryParams: {},
  httpHeaders: {},
  envHttpHeaders: {},
  requestMaxRetries: 4,
  streamMaxRetries: 5,
  streamIdleTimeoutMs: 300_000,
  requiresOpenaiAuth: false,
} as const;

/**
 * Built-in providers of 0.50: a table of [model_providers] with such an id has no effect. `ollama` and
 * `lmstudio` came later; who has them in his file means his own.
 */
const reservedIds: readonly string[] = ["openai", "oss"];

/**
 * @param root - a checked tree
 * @param warn - told of tables that have no effect
 * @returns every provider that can be talked to, by id; those with `wire_api = "chat"` cannot
 */
export function modelProviders(
  root: TomlTable,
  environment: Environment,
  warn: (message: string) => void,
): Readonly<Record<string, ModelProvider>> {
  const providers: Record<string, ModelProvider> = Object.create(null) as Record<string, ModelProvider>;
  for (const provider of builtInProviders(root, environment)) providers[provider.id] = provider;
  for (const [id, table] of Object.entries(tableOf(root, "model_providers"))) {
    const settings = table as TomlTable;
    if (reservedIds.includes(id)) {
      warn(`[${keyText(["model_providers", id])}] has no effect: \`${id}\` is built in`);
      continue;
    }
    if (stringOf(settings, "wire_api") === "chat") delete providers[id];
    else providers[id] = providerOf(id, settings);
  }
  return providers;
}

/**
 * @returns the provider with this id
 * @throws ConfigError if there is none, or none that we can talk to
 */
export function selectProvider(
  id: string,
  providers: Readonly<Record<string, ModelProvider>>,
  root: TomlTable,
): ModelProvider {
  const provider = Object.hasOwn(providers, id) ? providers[id] : undefined;
  if (provider !== undefined) return provider;
  if (Object.hasOwn(tableOf(root, "model_providers"), id)) {
    const key = keyText(["model_providers", id, "wire_api"]);
    throw new ConfigError(
      "CONFIG_PROVIDER_NOT_FOUND",
      `\`wire_api = "chat"\` is not supported\nin \`${key}\``,
      {
        hint: `set ${key} = "responses" if the server has a Responses API`,
      },
    );
  }
  throw new ConfigError("CONFIG_PROVIDER_NOT_FOUND", `Model provider \`${id}\` not found`, {
    hint: `add a table [${keyText(["model_providers", id])}] to config.toml`,
  });
}

function builtInProviders(root: TomlTable, environment: Environment): readonly ModelProvider[] {
  const openaiUrl = given(environment.OPENAI_BASE_URL) ?? given(stringOf(root, "openai_base_url"));
  const local = (id: string, port: string): ModelProvider => ({
    ...defaults,
    id,
    name: "gpt-oss",
    baseUrl:
      given(environment.CODEX_OSS_BASE_URL) ??
      `http://localhost:${given(environment.CODEX_OSS_PORT) ?? port}/v1`,
  });
  return [
    {
      ...defaults,
      id: "openai",
      name: "OpenAI",
      ...(openaiUrl === undefined ? {} : { baseUrl: openaiUrl }),
      envHttpHeaders: { "OpenAI-Organization": "OPENAI_ORGANIZATION", "OpenAI-Project": "OPENAI_PROJECT" },
      requiresOpenaiAuth: true,
    },
    local("oss", "11434"),
    local("ollama", "11434"),
    local("lmstudio", "1234"),
  ];
}

function providerOf(id: string, table: TomlTable): ModelProvider {
  const baseUrl = stringOf(table, "base_url");
  const envKey = stringOf(table, "env_key");
  const envKeyInstructions = stringOf(table, "env_key_instructions");
  const experimentalBearerToken = stringOf(table, "experimental_bearer_token");
  return {
    id,
    name: stringOf(table, "name") ?? id,
    ...(baseUrl === undefined ? {} : { baseUrl }),
    ...(envKey === undefined ? {} : { envKey }),
    ...(envKeyInstructions === undefined ? {} : { envKeyInstructions }),
    ...(experimentalBearerToken === undefined ? {} : { experimentalBearerToken }),
    wireApi: "responses",
    queryParams: stringMapOf(table, "query_params"),
    httpHeaders: stringMapOf(table, "http_headers"),
    envHttpHeaders: stringMapOf(table, "env_http_headers"),
    requestMaxRetries: Math.min(
      integerOf(table, "request_max_retries") ?? defaults.requestMaxRetries,
      maxRetries,
    ),
    streamMaxRetries: Math.min(
      integerOf(table, "stream_max_retries") ?? defaults.streamMaxRetries,
      maxRetries,
    ),
    streamIdleTimeoutMs: integerOf(table, "stream_idle_timeout_ms") ?? defaults.streamIdleTimeoutMs,
    requiresOpenaiAuth: booleanOf(table, "requires_openai_auth") ?? defaults.requiresOpenaiAuth,
  };
}

function given(value: string | undefined): string | undefined {
  return value === undefined || value.trim() === "" ? undefined : value;
}
