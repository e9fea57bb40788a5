// All that patches of one turn have made of files, whoever has changed them since: each file as it was before
// the first patch that touched it, against what is there now. Memory and the diff itself are bounded.

import { realpath } from "node:fs/promises";
import { isAbsolute, relative, sep } from "node:path";
import { gitRoot } from "../../git-root.ts";
import { type FileDifference, gitDiff } from "./git-diff.ts";
import { findRenames, type NamedSnapshot } from "./renames.ts";
import { type Snapshot, takeSnapshot } from "./snapshot.ts";

const maxKept = 64 * 1024 * 1024;
const maxDiffBytes = 4 * 1024 * 1024;

/** The diff of one turn. */
export class TurnDiff {
  readonly #cwd: string;
  readonly #before = new Map<string, Snapshot | undefined>();
  readonly #now = new Map<string, Snapshot | undefined>();
  /** characters of all texts, those from before the turn and those that took their place */
  #kept = 0;
  #root: string | undefined;
  #told = "";

  /** @param cwd - absolute; names in the diff count from the root of its repository, or from itself */
  constructor(cwd: string) {
    this.#cwd = cwd;
  }

  /** Look at files before a patch changes them. @param paths - absolute, without links on the way */
  async willChange(paths: readonly string[]): Promise<void> {
    for (const path of paths) {
      if (this.#before.has(path)) continue;
      this.#before.set(path, undefined); // whoever comes second while this one looks does not look again
      const snapshot = await this.#look(path, undefined);
      this.#kept += lengthOf(snapshot);
      this.#before.set(path, snapshot);
      this.#now.set(path, snapshot);
    }
  }

  /** @returns the diff as it is now; undefined where it is what this has returned before, or was always empty */
  async next(): Promise<string | undefined> {
    if (!(await this.#lookAgain())) return undefined;
    const diff = await this.#diff();
    if (diff === this.#told) return undefined;
    this.#told = diff;
    return diff;
  }

  async #lookAgain(): Promise<boolean> {
    let hasChanged = false;
    for (const [path, known] of this.#now) {
      const snapshot = await this.#look(path, known);
      if (snapshot === known) continue;
      this.#kept += lengthOf(snapshot) - (known === this.#before.get(path) ? 0 : lengthOf(known));
      this.#now.set(path, snapshot);
      hasChanged = true;
    }
    return hasChanged;
  }

  #look(path: string, known: Snapshot | undefined): Promise<Snapshot | undefined> {
    return takeSnapshot(path, known, (bytes) => this.#kept + bytes <= maxKept);
  }

  async #diff(): Promise<string> {
    this.#root ??= await rootOf(this.#cwd);
    const differences = this.#differences(this.#root);
    differences.sort((one, other) => (one.newName < other.newName ? -1 : 1));
    let diff = "";
    for (const difference of differences) {
      // What is beyond the bound is named, but not shown.
      diff += gitDiff(difference, maxDiffBytes - diff.length);
    }
    return diff;
  }

  #differences(root: string): FileDifference[] {
    const differences: FileDifference[] = [];
    const gone: NamedSnapshot[] = [];
    const come: NamedSnapshot[] = [];
    for (const [path, before] of this.#before) {
      const name = nameIn(root, path);
      const after = this.#now.get(path);
      if (before === undefined && after !== undefined) come.push({ name, snapshot: after });
      else if (before !== undefined && after === undefined) gone.push({ name, snapshot: before });
      else if (before !== undefined && after !== undefined && isOther(before, after)) {
        differences.push({ oldName: name, newName: name, before, after });
      }
    }
    const renamed = new Set<NamedSnapshot>();
    for (const { from, to, similarity } of findRenames(gone, come)) {
      renamed.add(from).add(to);
      const names = { oldName: from.name, newName: to.name };
      differences.push({ ...names, before: from.snapshot, after: to.snapshot, similarity });
    }
    for (const one of gone.filter((each) => !renamed.has(each))) {
      differences.push({ oldName: one.name, newName: one.name, before: one.snapshot, after: undefined });
    }
    for (const one of come.filter((each) => !renamed.has(each))) {
      differences.push({ oldName: one.name, newName: one.name, before: undefined, after: one.snapshot });
    }
    return differences;
  }
}

function lengthOf(snapshot: Snapshot | undefined): number {
  return snapshot?.text?.length ?? 0;
}

function isOther(before: Snapshot, after: Snapshot): boolean {
  if (before.mode !== after.mode) return true;
  const isRead = before.oid !== undefined && after.oid !== undefined;
  return isRead ? before.oid !== after.oid : before.identity !== after.identity;
}

async function rootOf(cwd: string): Promise<string> {
  const real = await realpath(cwd).catch(() => cwd);
  return (await gitRoot(real)) ?? real;
}

/** Files outside keep their whole path. */
function nameIn(root: string, path: string): string {
  const name = relative(root, path);
  const isOutside = name === ".." || name.startsWith(`..${sep}`) || isAbsolute(name);
  return isOutside ? path.slice(1) : name;
}
