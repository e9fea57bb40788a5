// Where commands under workspace-write may write, and what inside of it stays read-only: the folders that
// git, codex and agents run code or take orders from. Everything is absolute, exists, and has no link in it.

import { readFileSync, statSync } from "node:fs";
import { dirname, isAbsolute, join, resolve } from "node:path";
import type { Environment } from "../environment.ts";
import { existing, isInside, passesLinkIn } from "./planted-links.ts";
import type { WorkspaceWritePolicy } from "./policy.ts";

/** A folder, or a single file, with everything below it. */
export interface WritableRoot {
  readonly root: string;
  /** what lies inside and is nevertheless read-only */
  readonly readOnlySubpaths: readonly string[];
}

/** In every root: what git, codex and agents run code or take orders from. */
export const protectedNames: readonly string[] = [".git", ".codex", ".agents"];

/**
 * The roots of a policy as they are now. What does not exist is left out, since nothing can be granted there.
 *
 * @param cwd - the working directory of the session, which is not that of every command
 * @param environment - where TMPDIR is looked up
 * @param alsoReadOnly - further paths that stay read-only wherever they lie
 */
export function writableRoots(
  policy: WorkspaceWritePolicy,
  cwd: string,
  environment: Environment,
  alsoReadOnly: readonly string[] = [],
): WritableRoot[] {
  const wanted = [...(policy.writable_roots ?? []), cwd];
  if (!policy.exclude_slash_tmp && isFolder("/tmp")) wanted.push("/tmp");
  const temporary = temporaryFolder(environment);
  if (!policy.exclude_tmpdir_env_var && temporary !== undefined) wanted.push(temporary);
  const followed = wanted.map(existing).filter((root) => root !== undefined);
  const trusted = wanted.filter((path) => existing(path) !== undefined && !passesLinkIn(path, followed));
  const roots = [...new Set(trusted.map(existing))] as string[];
  const found = [...roots.flatMap(readOnlyIn), ...alsoReadOnly].map(existing);
  // A root that was asked for by name is writable even where another root protects it.
  const readOnly = [...new Set(found)].filter(
    (path) => path !== undefined && !roots.includes(path),
  ) as string[];
  return roots.map((root) => ({ root, readOnlySubpaths: readOnly.filter((path) => isInside(path, root)) }));
}

/** TMPDIR, unless it holds the user's home: whatever that is, it is no place for temporary files alone. */
function temporaryFolder({ TMPDIR, HOME }: Environment): string | undefined {
  if (TMPDIR === undefined || !isAbsolute(TMPDIR)) return undefined;
  const folder = existing(TMPDIR);
  const home = HOME === undefined ? undefined : existing(HOME);
  const holdsHome = folder !== undefined && home !== undefined && isInside(home, folder);
  return folder === undefined || folder === "/" || holdsHome ? undefined : TMPDIR;
}

function readOnlyIn(root: string): string[] {
  return protectedNames
    .map((name) => join(root, name))
    .flatMap((path) => (isFolder(path) ? [path] : path === join(root, ".git") ? pointedTo(path) : []));
}

// Worktrees and submodules have a file `.git` with the path of the real folder; a worktree's real folder
// names in turn the one that it shares with others, where hooks and configuration are.
function pointedTo(pointer: string): string[] {
  const gitdir = /^gitdir:\s*(.+?)\s*$/m.exec(textOf(pointer))?.[1];
  if (gitdir === undefined) return isFile(pointer) ? [pointer] : [];
  const folder = resolve(dirname(pointer), gitdir);
  const common = textOf(join(folder, "commondir")).trim();
  return [pointer, folder, ...(common === "" ? [] : [resolve(folder, common)])];
}

// A pointer is a line; what is longer than a path may be is none.
function textOf(path: string): string {
  try {
    return statSync(path).isFile() && statSync(path).size <= 8192 ? readFileSync(path, "utf8") : "";
  } catch {
    return "";
  }
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}

function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() ?? false;
}
