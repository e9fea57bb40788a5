// Which project a folder belongs to: the root of its git repository, and for a linked worktree the root of
// the main one. git is not run. A worktree is believed only if the repository knows it: a downloaded folder
// must not name a trusted repository as its own.

import { readFile, realpath, stat } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { gitRoot } from "../git-root.ts";

/**
 * @param cwd - an absolute path
 * @returns the folder that trust is asked for; `cwd` itself outside of a repository
 */
export async function projectRoot(cwd: string): Promise<string> {
  const root = await gitRoot(cwd);
  if (root === undefined) return cwd;
  return (await mainWorktree(root)) ?? root;
}

async function mainWorktree(root: string): Promise<string | undefined> {
  const link = join(root, ".git");
  if ((await kindOf(link)) !== "file") return undefined;
  try {
    const gitDir = resolve(root, await firstLine(link, /^gitdir: (.+)$/));
    if (basename(dirname(gitDir)) !== "worktrees") return undefined;
    const knownLink = resolve(gitDir, await firstLine(join(gitDir, "gitdir"), /^(.+)$/));
    if ((await realpath(knownLink)) !== (await realpath(link))) return undefined;
    const common = resolve(gitDir, await firstLine(join(gitDir, "commondir"), /^(.+)$/));
    return basename(common) === ".git" ? dirname(common) : undefined;
  } catch {
    return undefined;
  }
}

async function firstLine(path: string, form: RegExp): Promise<string> {
  if ((await kindOf(path)) !== "file") throw new Error("not a file");
  const found = form.exec((await readFile(path, "utf8")).split("\n", 1)[0] ?? "");
  if (found?.[1] === undefined) throw new Error("not of the form");
  return found[1].trimEnd();
}

async function kindOf(path: string): Promise<"file" | "folder" | undefined> {
  try {
    const found = await stat(path);
    if (found.isDirectory()) return "folder";
    return found.isFile() ? "file" : undefined;
  } catch {
    return undefined;
  }
}
