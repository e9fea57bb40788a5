// The effective configuration: what every other part of the agent reads, and the only shape in which it
// gets it. Nothing here knows of files; load.ts makes it.

import type { FeatureSet } from "../features/feature-set.ts";

// Words that a setting may be, in the order in which messages and help name them.
export const approvalPolicies = ["untrusted", "on-failure", "on-request", "never"] as const;
export type ApprovalPolicy = (typeof approvalPolicies)[number];
export const sandboxModes = ["read-only", "workspace-write", "danger-full-access"] as const;
export type SandboxMode = (typeof sandboxModes)[number];
export const reasoningEfforts = [
  "none",
  "minimal",
  "low",
  "medium",
  "high",
  "xhigh",
  "max",
  "ultra",
] as const;
export type ReasoningEffort = (typeof reasoningEfforts)[number];
export const reasoningSummaries = ["auto", "concise", "detailed", "none"] as const;
export type ReasoningSummary = (typeof reasoningSummaries)[number];
export const verbosities = ["low", "medium", "high"] as const;
export type Verbosity = (typeof verbosities)[number];
export const credentialsStores = ["file", "keyring", "auto"] as const;
export type CredentialsStore = (typeof credentialsStores)[number];
export const loginMethods = ["chatgpt", "api"] as const;
export type LoginMethod = (typeof loginMethods)[number];

/** `[sandbox_workspace_write]`; it says nothing in the other modes. */
export interface WorkspaceWriteSettings {
  /** absolute paths, beyond the working directory and the temporary folders */
  readonly writableRoots: readonly string[];
  readonly networkAccess: boolean;
  readonly excludeTmpdirEnvVar: boolean;
  readonly excludeSlashTmp: boolean;
}

/** `[shell_environment_policy]`. Patterns are globs, matched without regard to case. */
export interface ShellEnvironmentPolicy {
  readonly inherit: "all" | "core" | "none";
  readonly ignoreDefaultExcludes: boolean;
  readonly exclude: readonly string[];
  readonly set: Readonly<Record<string, string>>;
  readonly includeOnly: readonly string[];
  readonly useProfile: boolean;
}

/** `[model_providers.ID]`, with defaults filled in. */
export interface ModelProvider {
  readonly id: string;
  readonly name: string;
  readonly baseUrl?: string;
  readonly envKey?: string;
  readonly envKeyInstructions?: string;
  readonly experimentalBearerToken?: string;
  readonly wireApi: "responses";
  readonly queryParams: Readonly<Record<string, string>>;
  readonly httpHeaders: Readonly<Record<string, string>>;
  readonly envHttpHeaders: Readonly<Record<string, string>>;
  readonly requestMaxRetries: number;
  readonly streamMaxRetries: number;
  readonly streamIdleTimeoutMs: number;
  readonly requiresOpenaiAuth: boolean;
}

export type McpServer = {
  readonly name: string;
  readonly enabled: boolean;
  readonly startupTimeoutMs: number;
  readonly toolTimeoutMs: number;
  readonly enabledTools?: readonly string[];
  readonly disabledTools?: readonly string[];
} & (
  | {
      readonly transport: "stdio";
      readonly command: string;
      readonly args: readonly string[];
      readonly env: Readonly<Record<string, string>>;
      readonly envVars: readonly string[];
      readonly cwd?: string;
    }
  | {
      readonly transport: "http";
      readonly url: string;
      readonly bearerTokenEnvVar?: string;
      readonly httpHeaders: Readonly<Record<string, string>>;
      readonly envHttpHeaders: Readonly<Record<string, string>>;
    }
);

/** A value of a TOML file. */
export type TomlValue = string | number | bigint | boolean | Date | readonly TomlValue[] | TomlTable;
export interface TomlTable {
  readonly [key: string]: TomlValue;
}

export interface Config {
  /** absolute; need not exist unless CODEX_HOME names it */
  readonly codexHome: string;
  /** absolute: the working directory of the session, by --cd or the process's own */
  readonly cwd: string;
  /** name of the profile in force */
  readonly profile?: string;

  readonly model: string;
  readonly reviewModel: string;
  readonly modelProvider: ModelProvider;
  /** every provider by id, built-ins included */
  readonly modelProviders: Readonly<Record<string, ModelProvider>>;
  readonly modelContextWindow?: number;
  readonly modelMaxOutputTokens?: number;
  readonly modelAutoCompactTokenLimit?: number;
  readonly modelReasoningEffort?: ReasoningEffort;
  readonly modelReasoningSummary: ReasoningSummary;
  readonly modelReasoningSummaryFormat?: "none" | "experimental";
  readonly modelSupportsReasoningSummaries?: boolean;
  readonly modelVerbosity?: Verbosity;

  readonly approvalPolicy: ApprovalPolicy;
  readonly sandboxMode: SandboxMode;
  readonly workspaceWrite: WorkspaceWriteSettings;
  readonly shellEnvironmentPolicy: ShellEnvironmentPolicy;
  /** key of [projects] that this working directory belongs to, and what the user said of it */
  readonly project: { readonly key: string; readonly trustLevel?: "trusted" | "untrusted" };
  /** whether a policy or mode was set by the user; where not, the TUI may ask for trust */
  readonly approvalOrSandboxIsExplicit: boolean;

  readonly mcpServers: readonly McpServer[];
  readonly features: FeatureSet;
  /** `proxy`, `--proxy` or CODEX_PROXY as it was given: a server-info file, a URL or unix:PATH */
  readonly proxy?: string;

  /** requests to the model that one turn may send; a turn that needs more is ended */
  readonly maxRequestsPerTurn: number;
  readonly notify?: readonly string[];
  readonly historyPersistence: "save-all" | "none";
  readonly historyMaxBytes?: number;
  readonly projectDocMaxBytes: number;
  readonly projectDocFallbackFilenames: readonly string[];
  /** text of `experimental_instructions_file` or `model_instructions_file`; never blank */
  readonly experimentalInstructions?: string;
  readonly chatgptBaseUrl: string;
  readonly forcedLoginMethod?: LoginMethod;
  /** any one of them; never empty */
  readonly forcedChatgptWorkspaceIds?: readonly string[];
  readonly cliAuthCredentialsStore: CredentialsStore;
  readonly mcpOauthCredentialsStore: CredentialsStore;
  readonly hideAgentReasoning: boolean;
  readonly showRawAgentReasoning: boolean;
  readonly fileOpener: "vscode" | "vscode-insiders" | "windsurf" | "cursor" | "none";
  readonly tuiNotifications: boolean | readonly string[];
  readonly disablePasteBurst: boolean;
  readonly checkForUpdateOnStartup: boolean;
  /** tables that are kept for later and not looked into: notice, otel */
  readonly notice: TomlTable;
  readonly otel: TomlTable;
}
