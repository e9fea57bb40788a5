// Programs that come from the system: found, or installed where that is possible.

import { spawnSync } from "node:child_process";
import { findProgram } from "./peer.ts";

/**
 * @param program - what to find
 * @param packageName - the Debian package that holds it
 * @returns why it cannot be had, undefined where it is there
 */
export function requireProgram(program: string, packageName: string): string | undefined {
  if (findProgram(program) !== undefined) return undefined;
  if (process.geteuid?.() !== 0 || findProgram("apt-get") === undefined) {
    return `${program} is not installed (Debian: apt-get install ${packageName})`;
  }
  process.stderr.write(`installing ${packageName}\n`);
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  const apt = (...args: string[]) => spawnSync("apt-get", args, { encoding: "utf8", env, timeout: 240_000 });
  apt("update", "-qq");
  const { status, stderr } = apt("install", "-qq", "-y", "--no-install-recommends", packageName);
  if (status === 0) return undefined;
  return `apt-get cannot install ${packageName}: ${stderr.trim().split("\n").at(-1) ?? ""}`;
}

/** What a program says of its version, the number alone. */
export function versionOf(program: string, ...args: string[]): string {
  const { stdout, stderr } = spawnSync(findProgram(program) ?? program, args, { encoding: "utf8" });
  return /\d+\.\d+(\.\d+)?/.exec(`${stdout}${stderr}`)?.[0] ?? "unknown";
}
