// A policy in one line, as session headers print it.

import type { SandboxPolicy } from "./policy.ts";

/** `read-only`, `danger-full-access`, or `workspace-write [workdir, /tmp, $TMPDIR, ROOTS…]` and its network. */
export function describePolicy(policy: SandboxPolicy): string {
  if (policy.mode !== "workspace-write") return policy.mode;
  const places = [
    "workdir",
    ...(policy.exclude_slash_tmp ? [] : ["/tmp"]),
    ...(policy.exclude_tmpdir_env_var ? [] : ["$TMPDIR"]),
    ...(policy.writable_roots ?? []),
  ];
  const network = policy.network_access ? " (network access enabled)" : "";
  return `workspace-write [${places.join(", ")}]${network}`;
}
