// From a command and a policy to what is really started: the command behind the sandbox of this operating
// system. What cannot be put behind one is refused, never run without.

import type { Environment } from "../environment.ts";
import { SandboxError } from "./errors.ts";
import type { SandboxPolicy } from "./policy.ts";
import { hasNetwork } from "./policy.ts";
import { sandboxExec, seatbeltArguments, seatbeltProfile } from "./seatbelt.ts";
import { writableRoots } from "./writable-roots.ts";

export interface SandboxRequest {
  /** program and arguments; looked up in the PATH of `environment` */
  readonly command: readonly string[];
  /** working directory of the session: a writable root, wherever the command itself runs */
  readonly cwd: string;
  readonly policy: SandboxPolicy;
  /** of the command: see shellEnvironment() */
  readonly environment: Environment;
  /** the launcher's own executable; without it there is no sandbox on Linux */
  readonly launcher: string | undefined;
  readonly platform?: NodeJS.Platform;
  /** paths that stay read-only even inside writable roots, beside .git, .codex and .agents */
  readonly alsoReadOnly?: readonly string[];
}

/** Ready for spawn(). */
export interface PreparedCommand {
  readonly file: string;
  readonly args: readonly string[];
  readonly argv0?: string;
  readonly environment: Environment;
  readonly isSandboxed: boolean;
}

/** The name by which the launcher is the sandbox helper. */
const helperName = "codex-linux-sandbox";

/**
 * Put a command behind the sandbox of this system, or leave it as it is under danger-full-access.
 *
 * @throws SandboxError where the policy wants a sandbox and none can be set up
 */
export function sandboxedCommand(request: SandboxRequest): PreparedCommand {
  const { command, policy, environment } = request;
  const [file, ...args] = command;
  if (file === undefined) throw new SandboxError("SANDBOX_COMMAND");
  if (policy.mode === "danger-full-access") return { file, args, environment, isSandboxed: false };
  const marked = hasNetwork(policy) ? environment : { ...environment, CODEX_SANDBOX_NETWORK_DISABLED: "1" };
  switch (request.platform ?? process.platform) {
    case "linux":
      return { ...behindHelper(request), environment: marked, isSandboxed: true };
    case "darwin":
      return {
        ...behindSeatbelt(request),
        environment: { ...marked, CODEX_SANDBOX: "seatbelt" },
        isSandboxed: true,
      };
    default:
      throw new SandboxError("SANDBOX_PLATFORM");
  }
}

function behindHelper(request: SandboxRequest) {
  if (request.launcher === undefined) throw new SandboxError("SANDBOX_LAUNCHER");
  return {
    file: request.launcher,
    argv0: helperName,
    args: [
      ...["--sandbox-policy-cwd", request.cwd],
      ...["--sandbox-policy", JSON.stringify(wirePolicy(request))],
      ...["--", ...request.command],
    ],
  };
}

// The helper finds the roots by itself, in the same environment, and with them what is protected by name;
// beside them it gets what was found here.
function wirePolicy({ policy, cwd, environment, alsoReadOnly }: SandboxRequest): object {
  if (policy.mode !== "workspace-write") return policy;
  const roots = writableRoots(policy, cwd, environment, alsoReadOnly);
  const subpaths = [...new Set(roots.flatMap(({ readOnlySubpaths }) => readOnlySubpaths))];
  return subpaths.length === 0 ? policy : { ...policy, read_only_subpaths: subpaths };
}

function behindSeatbelt({ command, policy, cwd, environment, alsoReadOnly }: SandboxRequest) {
  const roots =
    policy.mode === "workspace-write" ? writableRoots(policy, cwd, environment, alsoReadOnly) : [];
  return { file: sandboxExec, args: seatbeltArguments(seatbeltProfile(policy, roots), command) };
}
