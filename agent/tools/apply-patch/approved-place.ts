// What a patch gets that a person has allowed to leave the sandbox: not all of the machine, but the folders
// that it was shown to write to, beside those in which commands may write anyway. A link that a command has
// put in the place of a folder meanwhile lies in one of those, and is no writable root by the sandbox's rules.

import { dirname, relative, sep } from "node:path";
import type { PatchPlan } from "../../apply-patch/plan.ts";
import { existing } from "../../sandbox/planted-links.ts";
import type { SandboxPolicy } from "../../sandbox/policy.ts";
import { protectedNames } from "../../sandbox/writable-roots.ts";

export interface Place {
  readonly policy: SandboxPolicy;
  /** a writable root under that policy */
  readonly workspace: string;
}

/**
 * The least under which a plan can be carried out.
 *
 * @param own - where the commands of the turn run
 */
export function approvedPlace({ steps }: PatchPlan, own: Place): Place {
  const places = steps.map(({ path }) => ({ path, folder: nearestExisting(dirname(path)) }));
  const isProtected = places.some(({ path, folder }) =>
    // In every root these are read-only, and held by their names where they do not exist.
    protectedNames.includes(relative(folder, path).split(sep)[0] ?? ""),
  );
  if (isProtected) return { ...own, policy: { mode: "danger-full-access" } };
  const folders = [...new Set(places.map(({ folder }) => folder))];
  if (own.policy.mode === "workspace-write") {
    const roots = [...(own.policy.writable_roots ?? []), ...folders];
    return { ...own, policy: { ...own.policy, writable_roots: roots, network_access: false } };
  }
  const [workspace = own.workspace] = folders;
  return {
    policy: {
      mode: "workspace-write",
      ...(folders.length > 0 && { writable_roots: folders }),
      ...{ network_access: false, exclude_tmpdir_env_var: true, exclude_slash_tmp: true },
    },
    workspace,
  };
}

// Folders that the patch makes are made in the one above them.
function nearestExisting(folder: string): string {
  for (let at = folder; ; at = dirname(at)) {
    if (existing(at) !== undefined || at === dirname(at)) return at;
  }
}
