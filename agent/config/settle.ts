// From a checked tree to the Config that everyone reads: profile over root, dedicated flags over both,
// defaults below. Paths become absolute here.

import { join, resolve } from "node:path";
import { homeFolder } from "../codex-home.ts";
import type { Environment } from "../environment.ts";
import { resolveFeatures } from "../features/resolve.ts";
import type {
  ApprovalPolicy,
  Config,
  CredentialsStore,
  LoginMethod,
  ReasoningEffort,
  ReasoningSummary,
  SandboxMode,
  ShellEnvironmentPolicy,
  TomlTable,
  Verbosity,
  WorkspaceWriteSettings,
} from "./config.ts";
import type { FlagOverrides } from "./flags.ts";
import { mcpServers } from "./mcp-servers.ts";
import type { SelectedProfile } from "./profiles.ts";
import { modelProviders, selectProvider } from "./providers.ts";
import { isTable } from "./toml.ts";
import { findProject } from "./trust.ts";
import { booleanOf, integerOf, stringMapOf, stringOf, stringsOf, tableOf, withNumbers } from "./typed.ts";

export interface Settling {
  readonly codexHome: string;
  /** absolute: the folder of the session */
  readonly cwd: string;
  /** absolute: what relative paths on the command line count from */
  readonly processCwd: string;
  readonly environment: Environment;
  readonly flags: FlagOverrides;
  /** checked */
  readonly tree: TomlTable;
  readonly profile: SelectedProfile | undefined;
  readonly isProfileFile: boolean;
  /** whether the value at a path was given by -c */
  isFromOverride(path: readonly string[]): boolean;
  warn(message: string): void;
}

const defaultModel = "gpt-5-codex";
const defaultLocalModels: Readonly<Record<string, string>> = { lmstudio: "openai/gpt-oss-20b" };

/**
 * Turn a checked tree into the settings that everything else reads: profile, flags and defaults applied.
 *
 * @throws ConfigError if the provider does not exist, or a file that is named cannot be used
 */
export async function settle(settling: Settling): Promise<Config> {
  const { codexHome, cwd, environment, flags, tree, profile, warn } = settling;
  const chosen = (key: string): string | undefined =>
    stringOf(profile?.table ?? {}, key) ?? stringOf(tree, key);
  const providers = modelProviders(tree, environment, warn);
  const localProvider = flags.localProvider ?? chosen("oss_provider") ?? "oss"; // which is Ollama
  const providerId = flags.oss ? localProvider : (chosen("model_provider") ?? "openai");
  const provider = selectProvider(providerId, providers, tree);
  const project = await findProject(cwd, tree);
  const history = tableOf(tree, "history");
  const notify = stringsOf(tree, "notify");
  // Said on the command line, it counts even where it is empty: then there is no proxy.
  const overridden = settling.isFromOverride(["proxy"]) ? stringOf(tree, "proxy") : undefined;
  const proxy = given(flags.proxy ?? overridden ?? given(environment.CODEX_PROXY) ?? stringOf(tree, "proxy"));
  const notifications = tableOf(tree, "tui").notifications;
  const fromTree = <Key extends keyof Config>(key: Key, value: Config[Key] | undefined): Partial<Config> =>
    value === undefined ? {} : ({ [key]: value } as Partial<Config>);

  const model =
    flags.model ??
    (flags.oss ? (defaultLocalModels[provider.id] ?? "gpt-oss:20b") : (chosen("model") ?? defaultModel));
  return {
    codexHome,
    cwd,
    ...fromTree("profile", profile?.name),
    model,
    reviewModel: stringOf(tree, "review_model") ?? model,
    modelProvider: provider,
    modelProviders: providers,
    ...fromTree("modelContextWindow", integerOf(tree, "model_context_window")),
    ...fromTree("modelMaxOutputTokens", integerOf(tree, "model_max_output_tokens")),
    ...fromTree("modelAutoCompactTokenLimit", integerOf(tree, "model_auto_compact_token_limit")),
    ...fromTree("modelReasoningEffort", chosen("model_reasoning_effort") as ReasoningEffort | undefined),
    modelReasoningSummary: (chosen("model_reasoning_summary") as ReasoningSummary | undefined) ?? "auto",
    ...fromTree(
      "modelReasoningSummaryFormat",
      stringOf(tree, "model_reasoning_summary_format") as "none" | "experimental" | undefined,
    ),
    ...fromTree("modelSupportsReasoningSummaries", booleanOf(tree, "model_supports_reasoning_summaries")),
    ...fromTree("modelVerbosity", chosen("model_verbosity") as Verbosity | undefined),

    ...approvalAndSandbox(settling, project.trustLevel),
    workspaceWrite: workspaceWrite(settling),
    shellEnvironmentPolicy: shellEnvironmentPolicy(tableOf(tree, "shell_environment_policy")),
    project,

    mcpServers: mcpServers(tree, warn),
    features: resolveFeatures({ root: tree, profile: profile?.table, flags }, warn),
    ...fromTree("proxy", proxy),

    maxRequestsPerTurn: Math.max(integerOf(tree, "max_requests_per_turn") ?? 1000, 1),
    ...fromTree("notify", notify),
    historyPersistence: stringOf(history, "persistence") === "none" ? "none" : "save-all",
    ...fromTree("historyMaxBytes", integerOf(history, "max_bytes")),
    projectDocMaxBytes: integerOf(tree, "project_doc_max_bytes") ?? 32_768,
    projectDocFallbackFilenames: stringsOf(tree, "project_doc_fallback_filenames") ?? [],
    ...fromTree("experimentalInstructions", await instructions(settling)),
    chatgptBaseUrl: chosen("chatgpt_base_url") ?? "https://chatgpt.com/backend-api/",
    ...fromTree("forcedLoginMethod", stringOf(tree, "forced_login_method") as LoginMethod | undefined),
    ...fromTree("forcedChatgptWorkspaceIds", forcedWorkspaces(tree)),
    cliAuthCredentialsStore:
      (stringOf(tree, "cli_auth_credentials_store") as CredentialsStore | undefined) ?? "file",
    mcpOauthCredentialsStore:
      (stringOf(tree, "mcp_oauth_credentials_store") as CredentialsStore | undefined) ?? "auto",
    hideAgentReasoning: booleanOf(tree, "hide_agent_reasoning") ?? false,
    showRawAgentReasoning: booleanOf(tree, "show_raw_agent_reasoning") ?? false,
    fileOpener: (stringOf(tree, "file_opener") as Config["fileOpener"] | undefined) ?? "vscode",
    tuiNotifications:
      typeof notifications === "boolean"
        ? notifications
        : (stringsOf(tableOf(tree, "tui"), "notifications") ?? false),
    disablePasteBurst: booleanOf(tree, "disable_paste_burst") ?? false,
    checkForUpdateOnStartup: booleanOf(tree, "check_for_update_on_startup") ?? true,
    notice: withNumbers(tableOf(tree, "notice")) as TomlTable,
    otel: withNumbers(tableOf(tree, "otel")) as TomlTable,
  };
}

/** Paths count from the folder of the session; the later key's, where the file has it, from CODEX_HOME. */
async function instructions(settling: Settling): Promise<string | undefined> {
  const { codexHome, cwd, environment, isFromOverride, profile, tree } = settling;
  for (const [key, what, base] of [
    ["experimental_instructions_file", "experimental instructions file", cwd],
    ["model_instructions_file", "model instructions file", codexHome],
  ] as const) {
    const path = stringOf(profile?.table ?? {}, key) ?? stringOf(tree, key);
    if (path === undefined) continue;
    const { readInstructions } = await import("./instructions-file.ts");
    return readInstructions(what, pathFrom(isFromOverride([key]) ? cwd : base, path, environment));
  }
  return undefined;
}

function approvalAndSandbox(
  { flags, tree, profile }: Settling,
  trustLevel: "trusted" | "untrusted" | undefined,
): Pick<Config, "approvalPolicy" | "sandboxMode" | "approvalOrSandboxIsExplicit"> {
  const inForce = (key: string): string | undefined => {
    const value = profile?.table?.[key] ?? tree[key];
    // A table of categories, as later versions have: the nearest that we have is to be asked.
    return isTable(value) ? "on-request" : (value as string | undefined);
  };
  const configuredPolicy = inForce("approval_policy") as ApprovalPolicy | undefined;
  const configuredMode = inForce("sandbox_mode") as SandboxMode | undefined;
  const policyFlag = flags.bypass
    ? "never"
    : (flags.approvalPolicy ?? (flags.fullAuto ? "on-request" : undefined));
  const modeFlag = flags.bypass
    ? "danger-full-access"
    : flags.fullAuto
      ? "workspace-write"
      : flags.sandboxMode;
  return {
    approvalPolicy:
      policyFlag ?? configuredPolicy ?? (trustLevel === "untrusted" ? "untrusted" : "on-request"),
    sandboxMode: modeFlag ?? configuredMode ?? (trustLevel === "trusted" ? "workspace-write" : "read-only"),
    approvalOrSandboxIsExplicit: [policyFlag, configuredPolicy, modeFlag, configuredMode].some(
      (value) => value !== undefined,
    ),
  };
}

function workspaceWrite({
  codexHome,
  environment,
  flags,
  isFromOverride,
  processCwd,
  tree,
}: Settling): WorkspaceWriteSettings {
  const table = tableOf(tree, "sandbox_workspace_write");
  const base = isFromOverride(["sandbox_workspace_write", "writable_roots"]) ? processCwd : codexHome;
  const configured = stringsOf(table, "writable_roots") ?? [];
  return {
    writableRoots: [
      ...configured.map((root) => pathFrom(base, root, environment)),
      ...(flags.addDirs ?? []).map((folder) => resolve(processCwd, folder)),
    ],
    networkAccess: booleanOf(table, "network_access") ?? false,
    excludeTmpdirEnvVar: booleanOf(table, "exclude_tmpdir_env_var") ?? false,
    excludeSlashTmp: booleanOf(table, "exclude_slash_tmp") ?? false,
  };
}

function shellEnvironmentPolicy(table: TomlTable): ShellEnvironmentPolicy {
  return {
    inherit: (stringOf(table, "inherit") as ShellEnvironmentPolicy["inherit"] | undefined) ?? "all",
    ignoreDefaultExcludes: booleanOf(table, "ignore_default_excludes") ?? false,
    exclude: stringsOf(table, "exclude") ?? [],
    set: stringMapOf(table, "set"),
    includeOnly: stringsOf(table, "include_only") ?? [],
    useProfile: booleanOf(table, "experimental_use_profile") ?? false,
  };
}

/** One, or a list as in later versions; what is blank names none. */
function forcedWorkspaces(tree: TomlTable): readonly string[] | undefined {
  const single = stringOf(tree, "forced_chatgpt_workspace_id");
  const named = single === undefined ? stringsOf(tree, "forced_chatgpt_workspace_id") : [single];
  const ids = (named ?? []).map((id) => id.trim()).filter((id) => id !== "");
  return ids.length === 0 ? undefined : ids;
}

function pathFrom(base: string, path: string, environment: Environment): string {
  if (path === "~" || path.startsWith("~/")) return join(homeFolder(environment), path.slice(1));
  return resolve(base, path);
}

function given(value: string | undefined): string | undefined {
  return value === undefined || value.trim() === "" ? undefined : value;
}
