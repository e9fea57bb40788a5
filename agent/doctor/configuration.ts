// Whether the configuration loads, and what is odd about it. Nothing of its contents is shown but names of
// keys, and lines with an error in them.

import { stat } from "node:fs/promises";
import { join } from "node:path";
import { resolveCodexHome } from "../codex-home.ts";
import type { Config } from "../config/config.ts";
import { type ConfigRequest, loadConfig } from "../config/load.ts";
import { features, laterFeatures } from "../features/registry.ts";
import { type Finding, shellWord } from "./check.ts";
import { isWritableByOthers } from "./state.ts";

export interface ConfigurationResult {
  readonly finding: Finding;
  /** undefined where it does not load */
  readonly config: Config | undefined;
}

/** @param request - as of any other command; its `warn` is not used */
export async function checkConfiguration(request: Omit<ConfigRequest, "warn">): Promise<ConfigurationResult> {
  const warnings = new Set<string>();
  const path = await pathOf(request);
  try {
    const { config } = await loadConfig({ ...request, warn: (message) => warnings.add(message) });
    return {
      config,
      finding: await judge(config, path ?? join(config.codexHome, "config.toml"), [...warnings]),
    };
  } catch (error) {
    const { message, hint } = error as { readonly message?: string; readonly hint?: string };
    const remediation = hint ?? (path === undefined ? undefined : editorFor(path));
    const finding: Finding = {
      status: "fail",
      summary: message ?? String(error),
      details: { "config.toml": path ?? "unknown" },
    };
    return { config: undefined, finding: remediation === undefined ? finding : { ...finding, remediation } };
  }
}

async function judge(config: Config, path: string, warnings: readonly string[]): Promise<Finding> {
  const file = await stat(path).catch(() => undefined);
  const changed = [...features, ...laterFeatures]
    .filter(({ key, isOnByDefault }) => config.features.isEnabled(key) !== isOnByDefault)
    .map(({ key }) => `${key} ${config.features.isEnabled(key) ? "on" : "off"}`);
  const details = {
    "config.toml": file === undefined ? `${path} (missing)` : path,
    profile: config.profile ?? "none",
    model: `${config.model} by ${config.modelProvider.id}`,
    "approvals and sandbox": `${config.approvalPolicy}, ${config.sandboxMode}`,
    "MCP servers": config.mcpServers.map(({ name }) => name),
    "features that are not at their default": changed,
    warnings,
  };
  if (file !== undefined && isWritableByOthers(file)) {
    return {
      status: "warning",
      summary: `${path} can be written by other users, and with it what this user runs`,
      details,
      remediation: `chmod go-w ${shellWord(path)}`,
    };
  }
  if (warnings.length > 0) {
    return { status: "warning", summary: warnings.join("\n"), details, remediation: editorFor(path) };
  }
  const summary = file === undefined ? "defaults; there is no config.toml" : path;
  return { status: "ok", summary, details };
}

async function pathOf({ environment }: Pick<ConfigRequest, "environment">): Promise<string | undefined> {
  return resolveCodexHome(environment).then(
    (home) => join(home, "config.toml"),
    () => undefined,
  );
}

function editorFor(path: string): string {
  return `\${EDITOR:-vi} ${shellWord(path)}`;
}
