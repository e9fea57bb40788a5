// What commands of the agent may do: the policy as it travels, in rollouts, events and the arguments of the
// helper. It names folders; which of them exist is the matter of writable-roots.ts.

import { resolve } from "node:path";
import type { Config } from "../config/config.ts";
import type { Environment } from "../environment.ts";
import { existing, passesLinkIn } from "./planted-links.ts";

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
 * root gains nothing by it. One behind a link that lies in a writable folder stays as it is written: nobody
 * knows who put the link there, so whoever enforces the policy leaves it out.
 *
 * @param environment - where TMPDIR is looked up
 */
export function sandboxPolicy(
  config: Pick<Config, "sandboxMode" | "workspaceWrite" | "cwd">,
  environment: Environment = {},
): SandboxPolicy {
  if (config.sandboxMode !== "workspace-write") return { mode: config.sandboxMode };
  const { writableRoots, networkAccess, excludeTmpdirEnvVar, excludeSlashTmp } = config.workspaceWrite;
  const named = writableRoots.map((root) => resolve(config.cwd, root));
  const writable = [
    ...[config.cwd, ...named],
    ...(excludeSlashTmp ? [] : ["/tmp"]),
    ...(excludeTmpdirEnvVar || environment.TMPDIR === undefined ? [] : [environment.TMPDIR]),
  ];
  const followed = writable.map(existing).filter((root) => root !== undefined);
  const resolved = (path: string) => (passesLinkIn(path, followed) ? path : (existing(path) ?? path));
  const roots = [...new Set(named.map(resolved))];
  return {
    mode: "workspace-write",
    ...(roots.length > 0 && { writable_roots: roots }),
    network_access: networkAccess,
    exclude_tmpdir_env_var: excludeTmpdirEnvVar,
    exclude_slash_tmp: excludeSlashTmp,
  };
}

/** Whether commands may use the network. */
export function hasNetwork(policy: SandboxPolicy): boolean {
  if (policy.mode === "workspace-write") return policy.network_access;
  return policy.mode === "danger-full-access";
}

/** What to tell a user whose `--add-dir` does nothing, or undefined if it does something. */
export function addDirWarning(addDirs: readonly string[], mode: SandboxPolicy["mode"]): string | undefined {
  if (addDirs.length === 0 || mode !== "read-only") return undefined;
  return (
    `Ignoring --add-dir (${addDirs.join(", ")}) because the effective sandbox mode is read-only. ` +
    "Switch to workspace-write or danger-full-access to allow additional writable roots."
  );
}
