// What this machine can enforce. Found out by trying, in a folder of its own: a kernel that knows Landlock
// and a container that forbids it look the same from outside.

import { spawn } from "node:child_process";
import { once } from "node:events";
import {
  accessSync,
  closeSync,
  constants,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
} from "node:fs";
import { join } from "node:path";
import type { Environment } from "../environment.ts";
import { sandboxedCommand } from "./command.ts";
import { SandboxError } from "./errors.ts";
import { sandboxExec } from "./seatbelt.ts";

/** The outcome of a look at this machine. */
export interface SandboxAvailability {
  /** commands cannot write outside their roots, and have no network unless the policy gives it */
  readonly isEnforced: boolean;
  /** .git, .codex and .agents inside writable roots stay read-only */
  readonly protectsSubpaths: boolean;
  /** what is missing, and why */
  readonly problem?: string;
  readonly remedy?: string;
}

// Prints what it could do. Node is the one program that is sure to be there.
const attempts = `
const fs = require("node:fs");
const can = (path) => { try { fs.writeFileSync(path, ""); return true; } catch { return false; } };
const [workspace, outside] = process.argv.slice(1);
const tried = {
  workspace: can(workspace + "/file"),
  subpath: can(workspace + "/.git/file"),
  outside: can(outside + "/file"),
};
const tell = (network) => console.log(JSON.stringify({ ...tried, network }));
require("node:net").connect(1, "127.0.0.1")
  .on("connect", function () { this.destroy(); tell(true); })
  .on("error", ({ code }) => tell(code !== "EPERM" && code !== "EACCES"));
`;

interface Attempts {
  readonly workspace: boolean;
  readonly subpath: boolean;
  readonly outside: boolean;
  readonly network: boolean;
}

const noKernelSupport =
  "use a kernel with Landlock (5.13 and later, switched on) and seccomp, and a container that allows both; " +
  "or run in a container of your own and choose --sandbox danger-full-access there";

/**
 * Look at this machine.
 *
 * @param launcher - the launcher's own executable, if it is known
 * @param environment - of the user: where temporary files go
 */
export async function sandboxAvailability(
  launcher: string | undefined,
  environment: Environment,
): Promise<SandboxAvailability> {
  if (process.platform === "darwin") return seatbeltAvailability();
  const temporary = environment.TMPDIR || "/tmp";
  let place: string;
  try {
    place = mkdtempSync(join(temporary, "codex-sandbox-check-"));
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const problem = `it cannot be tried, for want of a temporary folder in ${temporary} (${code})`;
    const remedy = environment.TMPDIR ? "unset TMPDIR" : "sudo chmod 1777 /tmp";
    return { isEnforced: false, protectsSubpaths: false, problem, remedy };
  }
  try {
    return judge(await attempt(place, launcher));
  } catch (error) {
    return unavailable(error);
  } finally {
    rmSync(place, { recursive: true, force: true });
  }
}

async function attempt(place: string, launcher: string | undefined): Promise<Attempts> {
  const workspace = join(place, "workspace");
  const outside = join(place, "outside");
  for (const folder of [join(workspace, ".git"), outside]) mkdirSync(folder, { recursive: true });
  const prepared = sandboxedCommand({
    command: [process.execPath, "-e", attempts, workspace, outside],
    cwd: workspace,
    policy: {
      mode: "workspace-write",
      network_access: false,
      exclude_tmpdir_env_var: true,
      exclude_slash_tmp: true,
    },
    environment: {},
    launcher,
  });
  // Not execFile: it has no argv0, and the launcher is the helper by that name alone. And not a pipe of
  // Node's, which is a socket: a Node inside may not ask a socket what it is, and would write nothing.
  const said = join(place, "said");
  const output = openSync(said, "wx", 0o600);
  try {
    const child = spawn(prepared.file, prepared.args, {
      env: prepared.environment as NodeJS.ProcessEnv,
      argv0: prepared.argv0,
      cwd: workspace,
      stdio: ["ignore", output, "pipe"],
      timeout: 30_000,
    });
    let stderr = "";
    child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      stderr += text;
    });
    const [code] = (await once(child, "close")) as [number | null];
    if (code !== 0) throw new HelperRefusal(stderr);
  } finally {
    closeSync(output);
  }
  return JSON.parse(readFileSync(said, "utf8")) as Attempts;
}

/** The helper did not run the command; it says why. */
class HelperRefusal extends Error {
  readonly hint: string | undefined;

  constructor(stderr: string) {
    super(/: error: (.*)/.exec(stderr)?.[1] ?? "the sandbox helper does not run here");
    this.hint = /: hint: (.*)/.exec(stderr)?.[1];
  }
}

function judge(tried: Attempts): SandboxAvailability {
  if (tried.outside || tried.network) {
    const what = tried.outside ? "files outside the workspace can be written" : "the network can be reached";
    return { isEnforced: false, protectsSubpaths: false, problem: what, remedy: noKernelSupport };
  }
  if (!tried.workspace) {
    const problem = "commands cannot write in their workspace";
    return { isEnforced: true, protectsSubpaths: true, problem, remedy: noKernelSupport };
  }
  if (tried.subpath) {
    return {
      isEnforced: true,
      protectsSubpaths: false,
      problem: "commands under workspace-write can write in .git, .codex and .agents",
      remedy: "install bubblewrap, or allow user namespaces",
    };
  }
  return { isEnforced: true, protectsSubpaths: true };
}

function unavailable(error: unknown): SandboxAvailability {
  const problem = error instanceof Error ? error.message : String(error);
  const hint = error instanceof HelperRefusal || error instanceof SandboxError ? error.hint : undefined;
  return { isEnforced: false, protectsSubpaths: false, problem, remedy: hint ?? noKernelSupport };
}

function seatbeltAvailability(): SandboxAvailability {
  try {
    accessSync(sandboxExec, constants.X_OK);
    return { isEnforced: true, protectsSubpaths: true };
  } catch {
    return {
      isEnforced: false,
      protectsSubpaths: false,
      problem: `${sandboxExec} is missing`,
      remedy: "it is part of macOS: reinstall the system",
    };
  }
}
