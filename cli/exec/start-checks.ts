// What is looked at before a session begins: whether it may work here, and by which way it reaches a model.

import type { Config } from "../../agent/config/config.ts";
import type { FlagOverrides } from "../../agent/config/flags.ts";
import type { Environment } from "../../agent/environment.ts";
import { RefusedStart } from "./refused-start.ts";

/**
 * What is changed in a repository by mistake can be undone.
 *
 * @throws {RefusedStart} outside of one
 */
export async function requireRepository(folder: string): Promise<void> {
  const { gitRoot } = await import("../../agent/git-root.ts");
  if ((await gitRoot(folder)) !== undefined) return;
  throw new RefusedStart("Not inside a trusted directory and --skip-git-repo-check was not specified.");
}

/** A flag that does nothing is not passed over in silence. */
export async function warnOfAddedFolders(
  { addDirs = [] }: FlagOverrides,
  { sandboxMode }: Config,
  warn: (message: string) => void,
): Promise<void> {
  if (addDirs.length === 0) return;
  const { addDirWarning } = await import("../../agent/sandbox/policy.ts");
  const warning = addDirWarning(addDirs, sandboxMode);
  if (warning !== undefined) warn(warning);
}

/**
 * That `proxy` is one of its forms, or that the stored login is one that the administrator allows. A proxy
 * has a key of its own: no stored login is used, and none is looked at.
 *
 * @throws {RefusedStart} for a login that is not allowed; {AgentError} for a proxy that is none
 */
export async function checkWay(
  config: Config,
  environment: Environment,
  warn: (message: string) => void,
): Promise<void> {
  if (config.proxy !== undefined) {
    const { parseProxyReference } = await import("../../agent/proxy-endpoint/reference.ts");
    parseProxyReference(config.proxy);
    return;
  }
  if (config.forcedLoginMethod === undefined && config.forcedChatgptWorkspaceIds === undefined) return;
  const { enforceLoginRestrictions } = await import("../../agent/auth/login-restrictions.ts");
  try {
    await enforceLoginRestrictions(config, environment, { usesApiKeyVariable: true, warn });
  } catch (error) {
    if ((error as { readonly code?: unknown }).code !== "AUTH_RESTRICTED") throw error;
    throw new RefusedStart((error as Error).message);
  }
}

/** What the configuration asks for and this version does not do: silence would look like a fault of the model. */
export function warnOfServers(config: Config, warn: (message: string) => void): void {
  const names = config.mcpServers.filter(({ enabled }) => enabled).map(({ name }) => name);
  if (names.length > 0) warn(`MCP servers are not part of this version and not started: ${names.join(", ")}`);
}
