// What the user said of the folder that he works in: looked up in [projects], written to it.

import { realpath } from "node:fs/promises";
import type { TomlTable } from "./config.ts";
import { projectRoot } from "./project.ts";
import { stringOf, tableOf } from "./typed.ts";

export type TrustLevel = "trusted" | "untrusted";

export interface Project {
  /** key of [projects] under which trust is written */
  readonly key: string;
  readonly trustLevel?: TrustLevel;
}

/**
 * @param cwd - an absolute path
 * @param tree - a checked tree
 * @returns the entry of the folder itself, or else of its project
 */
export async function findProject(cwd: string, tree: TomlTable): Promise<Project> {
  const projects = tableOf(tree, "projects");
  const key = await projectRoot(cwd);
  for (const candidate of new Set([cwd, await real(cwd), key, await real(key)])) {
    const trustLevel = Object.hasOwn(projects, candidate)
      ? stringOf(tableOf(projects, candidate), "trust_level")
      : undefined;
    // Another word, which the original lets stand, trusts nobody.
    if (trustLevel !== undefined) {
      return { key, trustLevel: trustLevel === "trusted" ? "trusted" : "untrusted" };
    }
  }
  return { key };
}

async function real(path: string): Promise<string> {
  try {
    return await realpath(path);
  } catch {
    return path;
  }
}

/**
 * Write what the user said of a project as a table of its own: `[projects."PATH"]`.
 *
 * @param key - an absolute path, as findProject gives it
 */
export async function writeTrust(codexHome: string, key: string, trustLevel: TrustLevel): Promise<void> {
  const { editConfig } = await import("./edit.ts");
  await editConfig(codexHome, [{ path: ["projects", key, "trust_level"], value: trustLevel }]);
}
