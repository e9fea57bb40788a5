// What tests of commands share: an executor in an environment of the test's own, requests, and ways to see
// which processes are left.

import fs from "node:fs";
import {
  createExecutor,
  type ExecutorParts,
  type OwnedExecutor,
} from "../../../agent/execution/create-executor.ts";
import type { CommandRequest } from "../../../agent/execution/executor.ts";
import type { SandboxPolicy } from "../../../agent/sandbox/policy.ts";
import { launcher } from "../../cli/codex-process.ts";

export const fullAccess: SandboxPolicy = { mode: "danger-full-access" };
export const readOnly: SandboxPolicy = { mode: "read-only" };
export const workspaceWrite: SandboxPolicy = {
  mode: "workspace-write",
  network_access: false,
  exclude_tmpdir_env_var: true,
  exclude_slash_tmp: true,
};

export const wholeEnvironment: ExecutorParts["shellEnvironmentPolicy"] = {
  inherit: "all",
  ignoreDefaultExcludes: false,
  exclude: [],
  set: {},
  includeOnly: [],
  useProfile: false,
};

/** An executor for commands below `folder`; `home` in it is CODEX_HOME. */
export function executorIn(folder: string, change: Partial<ExecutorParts> = {}): OwnedExecutor {
  return createExecutor({
    environment: { PATH: "/usr/local/bin:/usr/bin:/bin", HOME: folder },
    launcher,
    codexHome: `${folder}/home`,
    shellEnvironmentPolicy: wholeEnvironment,
    warn: (message) => {
      throw new Error(message);
    },
    ...change,
  });
}

export function requestIn(
  folder: string,
  command: readonly string[],
  change: Partial<CommandRequest> = {},
): CommandRequest {
  const signal = new AbortController().signal;
  return { command, cwd: folder, workspace: folder, policy: fullAccess, signal, ...change };
}

/** Numbers of the living processes with this word among their arguments. */
export function processesWith(word: string): number[] {
  return fs
    .readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => {
      try {
        return fs.readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0").includes(word);
      } catch {
        return false;
      }
    });
}

let last = 0;
/** A number of seconds that no other process sleeps for: by it a sleep is known. */
export function ownSeconds(): string {
  last += 1;
  return String(100_000_000 + process.pid * 100 + last);
}
