// Everything that is in force, key by key, and where each value came from: what `codex config show` prints.
// Secrets are masked here already.

import type { Environment } from "../environment.ts";
import { features } from "../features/registry.ts";
import type { Config, ModelProvider, TomlTable, TomlValue } from "./config.ts";
import type { FlagOverrides } from "./flags.ts";
import { keyText } from "./key-text.ts";
import { layerOf } from "./layers.ts";
import type { LoadedConfig } from "./load.ts";
import { openPlaces } from "./place.ts";
import { rootFields } from "./schema.ts";
import { isSecretPath, masked, secretMask } from "./secret-keys.ts";
import { isTable } from "./toml.ts";

/** Where a value came from. Lines count from 1. */
export type Origin =
  | { readonly kind: "default" }
  | { readonly kind: "trust"; readonly project: string }
  | { readonly kind: "file" | "managed"; readonly file: string; readonly line?: number }
  | { readonly kind: "profile"; readonly profile: string; readonly file?: string; readonly line?: number }
  | { readonly kind: "override"; readonly argument: string }
  | { readonly kind: "flag"; readonly flag: string }
  | { readonly kind: "environment"; readonly variable: string };

export interface Setting {
  readonly path: readonly string[];
  readonly value: TomlValue;
  readonly origin: Origin;
}

/**
 * @param hasLines - whether origins name lines; to find them takes longer than all the rest
 * @returns all settings, in the order of the schema and then of the files
 */
export async function effectiveSettings(
  loaded: LoadedConfig,
  flags: FlagOverrides,
  environment: Environment,
  hasLines: boolean,
): Promise<readonly Setting[]> {
  const settings = new Map<string, Setting>();
  const put = (setting: Setting): void => {
    settings.set(keyText(setting.path), setting);
  };
  const { tree, profileTable, config } = loaded;
  const originOf = await originFinder(loaded, hasLines);
  for (const { path, value } of leaves(tree, [])) {
    if (path[0] !== "profiles") put({ path, value, origin: originOf(path) });
  }
  for (const { path, value } of profileTable === undefined ? [] : leaves(profileTable, [])) {
    put({ path, value, origin: inProfile(originOf(["profiles", config.profile ?? "", ...path]), config) });
  }
  for (const setting of flagSettings(config, flags, environment)) put(setting);
  for (const setting of [
    ...defaultSettings(config),
    ...providerSettings(config.modelProvider, environment),
  ]) {
    if (!settings.has(keyText(setting.path))) put(setting);
  }
  for (const setting of featureSettings(config, flags, settings)) put(setting);

  const order = Object.keys(rootFields);
  const rank = ({ path }: Setting): number => {
    const index = order.indexOf(path[0] ?? "");
    return index < 0 ? order.length : index;
  };
  return [...settings.values()]
    .sort((one, other) => rank(one) - rank(other))
    .map(({ path, value, origin }) => ({ path, value: masked(path, value), origin }));
}

/** @returns how a person is told */
export function originText(origin: Origin): string {
  const place = (file: string, line: number | undefined): string =>
    line === undefined ? file : `${file}:${line}`;
  switch (origin.kind) {
    case "default":
      return "default";
    case "trust":
      return `default of a trusted project, ${origin.project}`;
    case "file":
      return place(origin.file, origin.line);
    case "managed":
      return `managed, ${place(origin.file, origin.line)}`;
    case "profile":
      return `profile ${origin.profile}${origin.file === undefined ? "" : `, ${place(origin.file, origin.line)}`}`;
    case "override":
      return `-c ${origin.argument}`;
    case "flag":
      return origin.flag;
    case "environment":
      return `environment, ${origin.variable}`;
  }
}

async function originFinder(
  { layers, config }: LoadedConfig,
  hasLines: boolean,
): Promise<(path: readonly string[]) => Origin> {
  const places = new Map<string, Awaited<ReturnType<typeof openPlaces>>>();
  for (const layer of hasLines ? layers : []) {
    if (layer.kind !== "override") places.set(layer.source.path, await openPlaces(layer.source.text));
  }
  return (path) => {
    const layer = layerOf(layers, path);
    if (layer === undefined) return { kind: "default" };
    if (layer.kind === "override") {
      const { override } = layer;
      const isShown =
        !isSecretPath(path) && !isSecretPath(override.path) && typeof override.value !== "object";
      return {
        kind: "override",
        argument: isShown
          ? String(masked(override.path, override.raw))
          : `${override.path.join(".")}=${secretMask}`,
      };
    }
    const file = layer.source.path;
    const line = places.get(file)?.(path)?.key.line;
    const where = { file, ...(line === undefined ? {} : { line }) };
    if (layer.kind === "profile-file") return { kind: "profile", profile: config.profile ?? "", ...where };
    return { kind: layer.kind, ...where };
  };
}

function inProfile(origin: Origin, { profile = "" }: Config): Origin {
  if (origin.kind !== "file" && origin.kind !== "managed") return origin;
  const { file, line } = origin;
  return { kind: "profile", profile, file, ...(line === undefined ? {} : { line }) };
}

function* leaves(
  table: TomlTable,
  above: readonly string[],
): Generator<{ readonly path: readonly string[]; readonly value: TomlValue }> {
  for (const [key, value] of Object.entries(table)) {
    const path = [...above, key];
    if (isTable(value)) yield* leaves(value, path);
    else yield { path, value };
  }
}

function flagSettings(config: Config, flags: FlagOverrides, environment: Environment): readonly Setting[] {
  const settings: Setting[] = [];
  const put = (path: readonly string[], value: TomlValue | undefined, flag: string | undefined): void => {
    if (value !== undefined && flag !== undefined)
      settings.push({ path, value, origin: { kind: "flag", flag } });
  };
  const bypass = flags.bypass ? "--dangerously-bypass-approvals-and-sandbox" : undefined;
  const fullAuto = flags.fullAuto ? "--full-auto" : undefined;
  const oss = flags.oss ? "--oss" : undefined;
  put(["profile"], config.profile, flags.profile === undefined ? undefined : "--profile");
  put(["model"], config.model, flags.model === undefined ? oss : "--model");
  put(["model_provider"], config.modelProvider.id, oss);
  put(
    ["approval_policy"],
    config.approvalPolicy,
    bypass ?? (flags.approvalPolicy === undefined ? fullAuto : "--ask-for-approval"),
  );
  put(
    ["sandbox_mode"],
    config.sandboxMode,
    bypass ?? fullAuto ?? (flags.sandboxMode === undefined ? undefined : "--sandbox"),
  );
  put(
    ["sandbox_workspace_write", "writable_roots"],
    config.workspaceWrite.writableRoots,
    flags.addDirs?.length ? "--add-dir" : undefined,
  );
  put(["proxy"], config.proxy, flags.proxy === undefined ? undefined : "--proxy");
  if (flags.proxy === undefined && config.proxy !== undefined && config.proxy === environment.CODEX_PROXY) {
    settings.push({
      path: ["proxy"],
      value: config.proxy,
      origin: { kind: "environment", variable: "CODEX_PROXY" },
    });
  }
  return settings;
}

function defaultSettings(config: Config): readonly Setting[] {
  const { workspaceWrite: write, shellEnvironmentPolicy: shell, project } = config;
  const trust: Origin =
    project.trustLevel === "trusted" ? { kind: "trust", project: project.key } : { kind: "default" };
  const values: readonly (readonly [string, TomlValue | undefined])[] = [
    ["model", config.model],
    ["review_model", config.reviewModel],
    ["model_provider", config.modelProvider.id],
    ["model_reasoning_summary", config.modelReasoningSummary],
    ["approval_policy", config.approvalPolicy],
    ["sandbox_mode", config.sandboxMode],
    ["sandbox_workspace_write.writable_roots", write.writableRoots],
    ["sandbox_workspace_write.network_access", write.networkAccess],
    ["sandbox_workspace_write.exclude_tmpdir_env_var", write.excludeTmpdirEnvVar],
    ["sandbox_workspace_write.exclude_slash_tmp", write.excludeSlashTmp],
    ["shell_environment_policy.inherit", shell.inherit],
    ["shell_environment_policy.ignore_default_excludes", shell.ignoreDefaultExcludes],
    ["shell_environment_policy.exclude", shell.exclude],
    ["shell_environment_policy.include_only", shell.includeOnly],
    ["shell_environment_policy.experimental_use_profile", shell.useProfile],
    ["history.persistence", config.historyPersistence],
    ["max_requests_per_turn", BigInt(config.maxRequestsPerTurn)],
    ["project_doc_max_bytes", BigInt(config.projectDocMaxBytes)],
    ["project_doc_fallback_filenames", config.projectDocFallbackFilenames],
    ["chatgpt_base_url", config.chatgptBaseUrl],
    ["cli_auth_credentials_store", config.cliAuthCredentialsStore],
    ["mcp_oauth_credentials_store", config.mcpOauthCredentialsStore],
    ["hide_agent_reasoning", config.hideAgentReasoning],
    ["show_raw_agent_reasoning", config.showRawAgentReasoning],
    ["file_opener", config.fileOpener],
    ["tui.notifications", config.tuiNotifications],
    ["disable_paste_burst", config.disablePasteBurst],
    ["check_for_update_on_startup", config.checkForUpdateOnStartup],
  ];
  return values.flatMap(([key, value]) =>
    value === undefined
      ? []
      : [{ path: key.split("."), value, origin: key === "sandbox_mode" ? trust : { kind: "default" } }],
  );
}

/** What the provider in force has beyond what its table says. */
function providerSettings(provider: ModelProvider, environment: Environment): readonly Setting[] {
  const table = ["model_providers", provider.id];
  const variable = provider.id === "openai" ? "OPENAI_BASE_URL" : "CODEX_OSS_BASE_URL";
  const isFromEnvironment = provider.baseUrl !== undefined && provider.baseUrl === environment[variable];
  const values: readonly (readonly [string, TomlValue | undefined])[] = [
    ["name", provider.name],
    ["base_url", provider.baseUrl],
    ["wire_api", provider.wireApi],
    ["request_max_retries", BigInt(provider.requestMaxRetries)],
    ["stream_max_retries", BigInt(provider.streamMaxRetries)],
    ["stream_idle_timeout_ms", BigInt(provider.streamIdleTimeoutMs)],
    ["requires_openai_auth", provider.requiresOpenaiAuth],
  ];
  return values.flatMap(([key, value]) => {
    if (value === undefined) return [];
    const origin: Origin =
      key === "base_url" && isFromEnvironment ? { kind: "environment", variable } : { kind: "default" };
    return [{ path: [...table, key], value, origin }];
  });
}

/** Every feature with its state; where an older name of it decided, that is where the state came from. */
function featureSettings(
  config: Config,
  flags: FlagOverrides,
  settings: ReadonlyMap<string, Setting>,
): readonly Setting[] {
  return features.map(({ key, aliases, isOnByDefault }) => {
    const path = ["features", key];
    const value = config.features.isEnabled(key);
    const said = settings.get(keyText(path));
    if (flags.search !== undefined && key === "web_search_request") {
      return { path, value, origin: { kind: "flag", flag: "--search" } };
    }
    if (said?.value === value) return said;
    const older = [
      ...aliases.flatMap((alias) => [`features.${alias}`, alias]),
      ...(olderKeys[key] ?? []),
    ].flatMap((name) => settings.get(name) ?? []);
    const deciding =
      older.find((setting) => setting.value === value) ?? (value === isOnByDefault ? undefined : older[0]);
    return { path, value, origin: deciding?.origin ?? { kind: "default" } };
  });
}

const olderKeys: Readonly<Record<string, readonly string[]>> = {
  web_search_request: ["tools_web_search", "tools.web_search", "tools.web_search_request"],
  view_image_tool: ["tools_view_image", "tools.view_image"],
};
