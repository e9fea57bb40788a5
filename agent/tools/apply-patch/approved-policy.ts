// What a patch gets that a person has allowed to leave the sandbox: not all of the machine, but the folders
// that it was shown to write to. What is put in the place of a folder after that, a link for one, is no
// writable root, so that nobody writes through it what somebody else was asked about.

import { dirname } from "node:path";
import type { PatchPlan } from "../../apply-patch/plan.ts";
import { existing } from "../../sandbox/planted-links.ts";
import type { SandboxPolicy } from "../../sandbox/policy.ts";

/** The least policy under which a plan can be carried out. */
export function approvedPolicy({ steps }: PatchPlan): SandboxPolicy {
  const folders = [...new Set(steps.map(({ path }) => nearestExisting(dirname(path))))];
  return {
    mode: "workspace-write",
    ...(folders.length > 0 && { writable_roots: folders }),
    network_access: false,
    exclude_tmpdir_env_var: true,
    exclude_slash_tmp: true,
  };
}

// Folders that the patch makes are made in the one above them.
function nearestExisting(folder: string): string {
  for (let at = folder; ; at = dirname(at)) {
    if (existing(at) !== undefined || at === dirname(at)) return at;
  }
}
