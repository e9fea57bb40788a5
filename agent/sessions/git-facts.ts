// What the meta data of a session says of the repository that it works in, read from .git by hand: git
// itself would run programs that the repository's configuration names, and takes longer to start. Nothing
// that is found there is trusted: reads are bounded, wait for nothing, and end in "not known".

import { join, resolve } from "node:path";
import { readBoundedFile } from "../bounded-file.ts";
import { gitRoot } from "../git-root.ts";
import type { SessionMeta } from "./rollout-entry.ts";

type GitFacts = NonNullable<SessionMeta["git"]>;

/** @returns undefined outside of a repository, and where nothing is known of it */
export async function gitFacts(folder: string): Promise<GitFacts | undefined> {
  try {
    const root = await gitRoot(folder);
    if (root === undefined) return undefined;
    const gitFolder = await gitFolderOf(root);
    const commonFolder = await commonFolderOf(gitFolder);
    const head = (await readSmall(join(gitFolder, "HEAD")))?.trim();
    const reference = head?.match(/^ref: (refs\/[^\s]+)$/)?.[1];
    const commit = reference === undefined ? head : await commitOf(reference, [gitFolder, commonFolder]);
    const branch = reference?.match(/^refs\/heads\/(.+)$/)?.[1];
    const url = originUrl((await readSmall(join(commonFolder, "config"))) ?? "");
    const facts = {
      ...(commit !== undefined && isCommit(commit) && { commit_hash: commit }),
      ...(branch !== undefined && { branch }),
      ...(url !== undefined && { repository_url: withoutCredentials(url) }),
    };
    return Object.keys(facts).length === 0 ? undefined : facts;
  } catch {
    return undefined;
  }
}

const maxBytes = 4 * 1024 * 1024;

async function readSmall(path: string): Promise<string | undefined> {
  return (await readBoundedFile(path, maxBytes).catch(() => undefined))?.bytes.toString("utf8");
}

// A `.git` that is a file leads to the folder: in worktrees and submodules.
async function gitFolderOf(root: string): Promise<string> {
  const path = join(root, ".git");
  const target = (await readSmall(path))?.match(/^gitdir: (.+)$/m)?.[1];
  return target === undefined ? path : resolve(root, target.trim());
}

async function commonFolderOf(gitFolder: string): Promise<string> {
  const target = (await readSmall(join(gitFolder, "commondir")))?.trim();
  return target === undefined ? gitFolder : resolve(gitFolder, target);
}

async function commitOf(reference: string, folders: readonly string[]): Promise<string | undefined> {
  if (reference.split("/").includes("..")) return undefined;
  for (const folder of folders) {
    const loose = (await readSmall(join(folder, reference)))?.trim();
    if (loose !== undefined) return loose;
  }
  const packed = (await readSmall(join(folders.at(-1) as string, "packed-refs"))) ?? "";
  const line = packed.split("\n").find((candidate) => candidate.endsWith(` ${reference}`));
  return line?.slice(0, line.indexOf(" "));
}

function isCommit(text: string): boolean {
  return /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/.test(text);
}

function originUrl(config: string): string | undefined {
  let isOrigin = false;
  let url: string | undefined;
  for (const line of config.split("\n").map((text) => text.trim())) {
    if (line.startsWith("[")) isOrigin = /^\[remote "origin"\]/i.test(line);
    else if (isOrigin) url ??= line.match(/^url\s*=\s*"?([^"]+?)"?$/i)?.[1];
  }
  return url;
}

/** A URL may hold a password or token before its host, or in its query: neither belongs in a record. */
export function withoutCredentials(url: string): string {
  const [, scheme, rest] = /^((?:[a-z0-9+.-]+::)*[a-z][a-z0-9+.-]*:\/\/)(.*)$/is.exec(url) ?? [];
  if (scheme === undefined || rest === undefined) return url;
  const [whole = ""] = /^[^/?#]*/.exec(rest) ?? [];
  const host = whole.slice(whole.lastIndexOf("@") + 1);
  const path = rest.slice(whole.length).replace(/[?#].*$/s, "");
  return `${scheme}${host}${path}`;
}
