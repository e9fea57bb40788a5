// Whether the configuration loads, and what is odd about it. Nothing of its contents is shown but names of
// keys, and lines with an error in them.

import { constants } from "node:fs";
import { access, stat } from "node:fs/promises";
import { join } from "node:path";
import { resolveCodexHome } from "../codex-home.ts";
import type { Config } from "../config/config.ts";
import { type ConfigRequest, loadConfig } from "../config/load.ts";
import type { AgentError } from "../errors.ts";
import { features, laterFeatures } from "../features/registry.ts";
import { shellWord } from "../shell-word.ts";
import type { DoctorContext, Finding } from "./check.ts";
import { isReadable, readingFix } from "./reading-fix.ts";
import { isWritableByOthers } from "./state.ts";

export interface ConfigurationResult {
  readonly finding: Finding;
  /** undefined where it does not load */
  readonly config: Config | undefined;
}

/**
 * @param request - as of any other command; its `warn` is not used
 * @param context - of which the user counts
 */
export async function checkConfiguration(
  request: Omit<ConfigRequest, "warn">,
  context: Pick<DoctorContext, "uid">,
): Promise<ConfigurationResult> {
  const warnings = new Set<string>();
  const path = await pathOf(request);
  try {
    const { config } = await loadConfig({ ...request, warn: (message) => warnings.add(message) });
    return {
      config,
      finding: await judge(config, path ?? join(config.codexHome, "config.toml"), [...warnings]),
    };
  } catch (error) {
    const { code, message = String(error), hint } = error as Partial<AgentError>;
    const file = namedFile(message);
    const unreadable = code === "CONFIG_UNREADABLE" && file !== undefined;
    const finding: Finding = {
      status: "fail",
      summary: message,
      details: { "config.toml": path ?? "unknown" },
    };
    const fix = hint ?? (unreadable ? await unreadableFix(file, context) : await editing(file));
    return { config: undefined, finding: { ...finding, ...(fix !== undefined && { remediation: fix }) } };
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
    const fix = await editing(namedFile(warnings.join("\n")));
    return {
      status: "warning",
      summary: warnings.join("\n"),
      details,
      ...(fix !== undefined && { remediation: fix }),
    };
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

/** The first file that a message of agent/config says to be at fault; none where that is an argument. */
function namedFile(message: string): string | undefined {
  return /(?:^cannot read|\bin|-->) (\/.+?\.toml)(?=[:;]|$)/m.exec(message)?.[1];
}

async function editing(file: string | undefined): Promise<string | undefined> {
  if (file === undefined) return undefined;
  const isWritable = await access(file, constants.W_OK).then(
    () => true,
    () => false,
  );
  return isWritable ? `\${EDITOR:-vi} ${shellWord(file)}` : `sudo \${EDITOR:-vi} ${shellWord(file)}`;
}

/** Of a file that may be read but is no text, what an editor can do. */
async function unreadableFix(file: string, context: Pick<DoctorContext, "uid">): Promise<string | undefined> {
  const fix = await readingFix(file, context);
  return fix ?? ((await isReadable(file)) ? editing(file) : undefined);
}
