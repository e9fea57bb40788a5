// Whether git is there, and whether the working directory belongs to a repository. git is not run.

import { stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { DoctorContext, Finding } from "./check.ts";
import { programsInPath } from "./program-path.ts";

/** @param context - of which PATH and the working directory count */
export async function checkGit(context: DoctorContext): Promise<Finding> {
  const programs = await programsInPath("git", context);
  const repository = await repositoryAbove(context.cwd);
  const details = { "git in PATH": programs, repository: repository ?? "none" };
  if (programs[0] === undefined) {
    return {
      status: "warning",
      summary: "git is not in PATH: no diffs, no project instructions from the repository's root",
      details,
      remediation: context.platform === "darwin" ? "xcode-select --install" : "sudo apt-get install git",
    };
  }
  const where = repository === undefined ? "not in a repository" : `repository ${repository}`;
  return { status: "ok", summary: `${programs[0]}, ${where}`, details };
}

async function repositoryAbove(start: string): Promise<string | undefined> {
  for (let folder = start; ; folder = dirname(folder)) {
    // A file in worktrees and submodules.
    if ((await stat(join(folder, ".git")).catch(() => undefined)) !== undefined) return folder;
    if (folder === dirname(folder)) return undefined;
  }
}
