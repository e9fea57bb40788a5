// The file system as it will be after the sections planned so far. Paths are followed link by link through
// it, so that what a later section finds, and what a caller is told, is what the kernel will find.

import type { BigIntStats } from "node:fs";
import { dirname, join } from "node:path";
import { systemCode, systemError } from "../system-error.ts";
import type { ReadingFileSystem } from "./file-system.ts";

/** By what a directory entry is known again: nothing of it changes while nobody writes to the file. */
export interface Identity {
  readonly dev: bigint;
  readonly ino: bigint;
  readonly size: bigint;
  readonly mtimeNs: bigint;
}

/** What is on disk at a path, last links not followed. */
export type Found =
  | { readonly kind: "absent" | "directory" }
  | { readonly kind: "link"; readonly target: string; readonly identity: Identity }
  | {
      readonly kind: "file";
      readonly identity: Identity;
      readonly mode: number;
      readonly uid: number;
      readonly gid: number;
    }
  /** a device, pipe or socket */
  | { readonly kind: "other"; readonly identity: Identity };

/** What a directory entry is to become. */
export type Outcome =
  | { readonly kind: "absent" | "directory" }
  | { readonly kind: "text"; readonly text: string; readonly mode: number | undefined };

const mostLinks = 40;
const nothingThere: readonly unknown[] = ["ENOENT", "ENOTDIR"];

/** Look at one directory entry. */
export async function lookAt(fs: ReadingFileSystem, path: string): Promise<Found> {
  let stats: BigIntStats;
  try {
    stats = await fs.lstat(path, { bigint: true });
  } catch (error) {
    // A file where a directory of the path would be may be about to go.
    if (nothingThere.includes(systemCode(error))) return { kind: "absent" };
    throw error;
  }
  if (stats.isDirectory()) return { kind: "directory" };
  const { dev, ino, size, mtimeNs } = stats;
  const identity = { dev, ino, size, mtimeNs };
  if (stats.isSymbolicLink()) return { kind: "link", target: await fs.readlink(path), identity };
  if (!stats.isFile()) return { kind: "other", identity };
  return {
    kind: "file",
    identity,
    mode: Number(stats.mode & 0o1777n),
    uid: Number(stats.uid),
    gid: Number(stats.gid),
  };
}

/** Files as found, with outcomes on top. */
export class Overlay {
  readonly #fs: ReadingFileSystem;
  readonly #found = new Map<string, Found>();
  readonly #outcomes = new Map<string, Outcome>();

  constructor(fs: ReadingFileSystem) {
    this.#fs = fs;
  }

  /** What is on disk, looked at once. */
  async found(path: string): Promise<Found> {
    const known = this.#found.get(path);
    if (known !== undefined) return known;
    const found = await lookAt(this.#fs, path);
    this.#found.set(path, found);
    return found;
  }

  /** What will be there: an outcome, or what is on disk. */
  async current(path: string): Promise<Found | Outcome> {
    return this.#outcomes.get(path) ?? (await this.found(path));
  }

  /** Decide what a path becomes; its parents become directories. */
  async set(path: string, outcome: Outcome): Promise<void> {
    await this.found(path);
    this.#outcomes.delete(path);
    this.#outcomes.set(path, outcome);
    if (outcome.kind === "absent") return;
    for (let parent = dirname(path); ; parent = dirname(parent)) {
      if ((await this.current(parent)).kind === "directory") return;
      await this.found(parent);
      this.#outcomes.set(parent, { kind: "directory" });
    }
  }

  /** Paths and outcomes in the order in which they were decided last. */
  get outcomes(): ReadonlyMap<string, Outcome> {
    return this.#outcomes;
  }

  /**
   * Follow a path to the directory entry that it names.
   *
   * @param followsLast - a link at the end is followed too, as for reading and writing
   * @returns an absolute path without links; it and directories on the way may not exist
   * @throws the error that the system gives for links in a circle and files in a directory's place
   */
  async follow(cwd: string, path: string, followsLast: boolean): Promise<string> {
    const waiting = (path.startsWith("/") ? path : `${cwd}/${path}`).split("/").reverse();
    let at = "/";
    let links = 0;
    while (waiting.length > 0) {
      const name = waiting.pop() ?? "";
      if (name === "" || name === ".") continue;
      if (name === "..") {
        at = dirname(at);
        continue;
      }
      const next = join(at, name);
      const isLast = waiting.every((rest) => rest === "" || rest === ".");
      const entry = await this.current(next);
      if (entry.kind === "link" && (followsLast || !isLast)) {
        links += 1;
        if (links > mostLinks) throw systemError("ELOOP");
        if (entry.target.startsWith("/")) at = "/";
        waiting.push(...entry.target.split("/").reverse());
        continue;
      }
      if (!isLast && entry.kind !== "directory" && entry.kind !== "absent") throw systemError("ENOTDIR");
      at = next;
    }
    return at;
  }
}
