// What commands of the agent may do: the policy as it travels, in rollouts, events and the arguments of the
// helper. It names folders; which of them exist is the matter of writable-roots.ts.

import { realpathSync } from "node:fs";
import { resolve } from "node:path";
import type { Config } from "../config/config.ts";

/** `workspace-write`: the working directory, the temporary folders and the roots, network only if asked for. */
export interface WorkspaceWritePolicy {
  readonly mode: "workspace-write";
  /** absolute paths; absent when there are none */
  readonly writable_roots?: readonly string[];
  readonly network_access: boolean;
  readonly exclude_tmpdir_env_var: boolean;
  readonly exclude_slash_tmp: boolean;
}

/** A policy in its wire form, members in the order in which the original writes them. */
export type SandboxPolicy =
  | { readonly mode: "danger-full-access" }
  | { readonly mode: "read-only" }
  | WorkspaceWritePolicy;

/**
 * The policy of a session. Roots are resolved here, once: a command that later puts a link in the place of a
 * root gains nothing by it.
 */
export function sandboxPolicy(config: Pick<Config, "sandboxMode" | "workspaceWrite" | "cwd">): SandboxPolicy {
  if (config.sandboxMode !== "workspace-write") return { mode: config.sandboxMode };
  const { writableRoots, networkAccess, excludeTmpdirEnvVar, excludeSlashTmp } = config.workspaceWrite;
  const roots = [...new Set(writableRoots.map((root) => resolved(resolve(config.cwd, root))))];
  return {
    mode: "workspace-write",
    ...(roots.length > 0 && { writable_roots: roots }),
    network_access: networkAccess,
    exclude_tmpdir_env_var: excludeTmpdirEnvVar,
    exclude_slash_tmp: excludeSlashTmp,
  };
}

function resolved(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}

/** Whether commands may use the network. */
export function hasNetwork(policy: SandboxPolicy): boolean {
  if (policy.mode === "workspace-write") return policy.network_access;
  return policy.mode === "danger-full-access";
}

/** What to tell a user whose `--add-dir` does nothing, or undefined if it does something. */
export function addDirWarning(addDirs: readonly string[], policy: SandboxPolicy): string | undefined {
  if (addDirs.length === 0 || policy.mode !== "read-only") return undefined;
  return (
    `Ignoring --add-dir (${addDirs.join(", ")}) because the effective sandbox mode is read-only. ` +
    "Switch to workspace-write or danger-full-access to allow additional writable roots."
  );
}
