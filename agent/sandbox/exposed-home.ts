// CODEX_HOME where commands may write, and not made yet. Its name would be held by an empty folder for as long
// as a command runs, in which nobody could log in meanwhile; so it is made, and read-only for the command.

import { lstatSync, mkdirSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import type { Environment } from "../environment.ts";
import { existing, isInside } from "./planted-links.ts";
import type { SandboxPolicy } from "./policy.ts";
import { writableRoots } from "./writable-roots.ts";

/**
 * Make CODEX_HOME, for its user alone, if it is missing and lies in a writable root.
 *
 * @param cwd - the working directory of the session
 */
export function makeExposedHome(
  codexHome: string,
  policy: SandboxPolicy,
  cwd: string,
  environment: Environment,
): void {
  if (policy.mode !== "workspace-write") return;
  const parent = existing(dirname(codexHome));
  if (parent === undefined || lstatSync(codexHome, { throwIfNoEntry: false }) !== undefined) return;
  const home = join(parent, basename(codexHome));
  if (!writableRoots(policy, cwd, environment).some(({ root }) => isInside(home, root))) return;
  try {
    mkdirSync(home, { mode: 0o700 });
  } catch {
    // read-only, another's, or made in the meantime: then it is as it was
  }
}
