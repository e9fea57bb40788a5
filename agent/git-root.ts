// Which git repository a folder belongs to. git is not run.

import { stat } from "node:fs/promises";
import { dirname, join } from "node:path";

/**
 * @param folder - absolute
 * @returns the nearest folder at or above it that has a `.git`, which is a file in worktrees and submodules
 */
export async function gitRoot(folder: string): Promise<string | undefined> {
  for (let at = folder; ; at = dirname(at)) {
    const found = await stat(join(at, ".git")).catch(() => undefined);
    if (found?.isDirectory() || found?.isFile()) return at;
    if (at === dirname(at)) return undefined;
  }
}
