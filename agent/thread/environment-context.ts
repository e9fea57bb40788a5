// What the model is told of where it works: directory, policies, shell.

import os from "node:os";
import { basename } from "node:path";
import type { Config } from "../config/config.ts";

type Settings = Pick<Config, "cwd" | "approvalPolicy" | "sandboxMode" | "workspaceWrite">;

/** The text of the second message of a thread. */
export function environmentContext(config: Settings, shell: string | undefined = loginShell()): string {
  const { cwd, approvalPolicy, sandboxMode, workspaceWrite } = config;
  const isWorkspace = sandboxMode === "workspace-write";
  const hasNetwork = sandboxMode === "danger-full-access" || (isWorkspace && workspaceWrite.networkAccess);
  const roots = isWorkspace ? workspaceWrite.writableRoots : [];
  return [
    "<environment_context>",
    `  <cwd>${cwd}</cwd>`,
    `  <approval_policy>${approvalPolicy}</approval_policy>`,
    `  <sandbox_mode>${sandboxMode}</sandbox_mode>`,
    `  <network_access>${hasNetwork ? "enabled" : "restricted"}</network_access>`,
    ...(roots.length === 0
      ? []
      : ["  <writable_roots>", ...roots.map((root) => `    <root>${root}</root>`), "  </writable_roots>"]),
    ...(shell === undefined ? [] : [`  <shell>${shell}</shell>`]),
    "</environment_context>",
  ].join("\n");
}

function loginShell(): string | undefined {
  try {
    const name = basename(os.userInfo().shell ?? "");
    return ["bash", "zsh"].includes(name) ? name : undefined;
  } catch {
    return undefined; // a uid without an account
  }
}
