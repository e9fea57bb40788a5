// Runs the whole `codex` command as a user does: the launcher by that name, with an environment of the
// test's own and nothing of this process's.

import { spawn } from "node:child_process";
import fs from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

export const packageRoot = fileURLToPath(new URL("../../../", import.meta.url));
/** The native launcher; what it is depends on the name that it is called by. */
export const launcher =
  process.env.CODEX_PROXY_LAUNCHER ?? join(packageRoot, "native/build/codex-responses-api-proxy");

/** A home in which nothing can be made, not by root either. */
export const noHome = "/dev/null/home";

export interface CodexRun {
  readonly args: readonly string[];
  /** names that are undefined are left out; PATH and HOME are there unless they are given */
  readonly environment?: Readonly<Record<string, string | undefined>>;
  readonly cwd?: string;
  readonly input?: string;
  /** the name that the launcher is called by; codex where not given */
  readonly argv0?: string;
}

export interface CodexResult {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A folder that a test may write to, readable by every user; remove it afterwards. */
export function makeFolder(): string {
  const folder = fs.mkdtempSync(join(tmpdir(), "codex-cli-"));
  fs.chmodSync(folder, 0o755);
  return folder;
}

/** Run `codex` to its end. */
export function runCodex({ args, environment, cwd, input, argv0 = "codex" }: CodexRun): Promise<CodexResult> {
  const env = { PATH: "/usr/local/bin:/usr/bin:/bin", HOME: noHome, ...environment };
  const child = spawn(launcher, args, { argv0, cwd, env, stdio: "pipe" });
  let stdout = "";
  let stderr = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    stderr += text;
  });
  child.stdin.on("error", () => {}); // a program may end without reading
  child.stdin.end(input ?? "");
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code, signal) => resolve({ code, signal, stdout, stderr }));
  });
}
