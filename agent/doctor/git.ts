// Whether git is there, and whether the working directory belongs to a repository. git is not run.

import { gitRoot } from "../git-root.ts";
import type { DoctorContext, Finding } from "./check.ts";
import { programsInPath } from "./program-path.ts";

/** @param context - of which PATH and the working directory count */
export async function checkGit(context: DoctorContext): Promise<Finding> {
  const programs = await programsInPath("git", context);
  const repository = await gitRoot(context.cwd);
  const details = { "git in PATH": programs, repository: repository ?? "none" };
  if (programs[0] === undefined) {
    return {
      status: "warning",
      summary: "git is not in PATH: no diffs, no project instructions from the repository's root",
      details,
      remediation: await installation(context),
    };
  }
  const where = repository === undefined ? "not in a repository" : `repository ${repository}`;
  return { status: "ok", summary: `${programs[0]}, ${where}`, details };
}

const installers = [
  ["apt-get", "sudo apt-get install git"],
  ["dnf", "sudo dnf install git"],
  ["zypper", "sudo zypper install git"],
  ["pacman", "sudo pacman -S git"],
  ["apk", "sudo apk add git"],
] as const;

async function installation(context: DoctorContext): Promise<string> {
  if (context.platform === "darwin") return "xcode-select --install";
  for (const [program, command] of installers) {
    if ((await programsInPath(program, context)).length > 0) return command;
  }
  return "install git by the package manager of this system";
}
