// Whether a folder belongs to a git repository: what is changed there by mistake can be undone.

import fs from "node:fs";
import { dirname, join } from "node:path";

export function isInGitRepository(folder: string): boolean {
  if (fs.existsSync(join(folder, ".git"))) return true;
  const parent = dirname(folder);
  return parent !== folder && isInGitRepository(parent);
}
