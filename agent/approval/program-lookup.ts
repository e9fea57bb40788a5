// Whether a name leads to the program that is meant by it: not to one that lies in the working directory, or
// where commands may put another of that name.

import { accessSync, constants, statSync } from "node:fs";
import { isAbsolute, join, normalize } from "node:path";
import type { Environment } from "../environment.ts";
import { existing, isInside } from "../sandbox/planted-links.ts";
import type { SandboxPolicy } from "../sandbox/policy.ts";

const systemFolders = new Set([
  "/bin",
  "/sbin",
  "/usr/bin",
  "/usr/sbin",
  "/usr/local/bin",
  "/usr/local/sbin",
  "/opt/homebrew/bin",
  "/run/current-system/sw/bin",
]);

/** Where a program is looked for. */
export interface LookupPlace {
  /** absolute; of the command, and of the thread */
  readonly folders: readonly string[];
  readonly policy: SandboxPolicy;
  /** as the command gets it */
  readonly environment: Environment;
}

/** Whether a program is one of the system or the user, and nothing that commands could have put there. */
export function isOwnProgram(program: string, place: LookupPlace): boolean {
  if (program.includes("/")) {
    const folder = normalize(program.slice(0, program.lastIndexOf("/")) || "/");
    return isAbsolute(program) && systemFolders.has(folder) && !/\/\.\.?(\/|$)/.test(program);
  }
  const untrusted = plantable(place);
  for (const entry of (place.environment.PATH ?? "").split(":")) {
    if (!isAbsolute(entry)) return false;
    if (!isExecutable(join(entry, program))) continue;
    const real = existing(entry) ?? entry;
    return systemFolders.has(real) || !untrusted.some((folder) => isInside(real, folder));
  }
  return false;
}

// Folders in which a command may have made files, or whoever made the project.
function plantable({ folders, policy, environment }: LookupPlace): string[] {
  const roots = policy.mode === "workspace-write" ? (policy.writable_roots ?? []) : [];
  const temporary = ["/tmp", "/var/tmp", "/dev/shm", environment.TMPDIR ?? "/tmp"];
  const all = [...folders, ...roots, ...temporary].filter(isAbsolute);
  return all.map((folder) => existing(folder) ?? folder);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}
