// What is reviewed, as a task for the reviewing model and as a few words for people. Branches and commits
// are looked up first, so that a misspelt one costs no review.

import { execFile } from "node:child_process";
import type { Environment } from "../environment.ts";
import { oneLine } from "../foreign-text.ts";
import { reasonOf } from "../system-error.ts";
import { ReviewError } from "./errors.ts";

export type ReviewTarget =
  | { readonly kind: "uncommitted" }
  | { readonly kind: "base"; readonly branch: string }
  | { readonly kind: "commit"; readonly sha: string; readonly title?: string }
  | { readonly kind: "custom"; readonly instructions: string };

export interface ReviewTask {
  /** the user message of the review */
  readonly prompt: string;
  /** what a person is shown in its place */
  readonly hint: string;
}

/**
 * Say what is to be reviewed.
 *
 * @param cwd - in the repository
 * @throws {ReviewError} REVIEW_NO_BRANCH, REVIEW_NO_COMMIT, REVIEW_GIT
 */
export async function reviewTask(
  target: ReviewTarget,
  cwd: string,
  environment: Environment,
): Promise<ReviewTask> {
  switch (target.kind) {
    case "uncommitted":
      return {
        prompt:
          "Review what has been changed here and is not committed yet: staged, unstaged and untracked files. " +
          "`git status --short` names them, `git diff HEAD` shows all but the untracked ones.",
        hint: "current changes",
      };
    case "base":
      return await againstBranch(target.branch, cwd, environment);
    case "commit":
      return await ofCommit(target.sha, target.title, cwd, environment);
    case "custom":
      return { prompt: target.instructions, hint: target.instructions };
  }
}

async function againstBranch(branch: string, cwd: string, environment: Environment): Promise<ReviewTask> {
  const git = gitIn(cwd, environment);
  const base = await baseOf(branch, git);
  if (base === undefined) {
    throw new ReviewError(
      "REVIEW_NO_BRANCH",
      `no branch \`${oneLine(branch)}\` has a commit in common with HEAD`,
      {
        hint: "see: git branch --all",
      },
    );
  }
  return {
    prompt:
      `Review what would come into the branch '${branch}' with this one. The two have commit ${base} in common: ` +
      `\`git diff ${base}\` shows the changes since then, committed or not.`,
    hint: `changes against '${branch}'`,
  };
}

type Git = (...args: readonly string[]) => Promise<string | undefined>;

/** The common commit of HEAD and a branch, or of its upstream where that is further on. */
async function baseOf(branch: string, git: Git): Promise<string | undefined> {
  if (branch.startsWith("-")) return undefined;
  const upstream = `${branch}@{upstream}`;
  const isBehind = (await git("merge-base", "--is-ancestor", branch, upstream)) !== undefined;
  for (const candidate of [...(isBehind ? [upstream] : []), branch, `origin/${branch}`]) {
    const base = await git("merge-base", "HEAD", candidate);
    if (base !== undefined) return base;
  }
  return undefined;
}

async function ofCommit(
  sha: string,
  title: string | undefined,
  cwd: string,
  environment: Environment,
): Promise<ReviewTask> {
  const git = gitIn(cwd, environment);
  const commit = sha.startsWith("-")
    ? undefined
    : await git("rev-parse", "--verify", "--quiet", `${sha}^{commit}`);
  if (commit === undefined) {
    throw new ReviewError("REVIEW_NO_COMMIT", `no commit \`${oneLine(sha)}\` in this repository`, {
      hint: "see: git log --oneline",
    });
  }
  const name = title === undefined ? "" : ` ("${title}")`;
  return {
    prompt: `Review what commit ${commit}${name} changes: \`git show ${commit}\` shows it.`,
    hint: `commit ${commit.slice(0, 7)}${title === undefined ? "" : `: ${title}`}`,
  };
}

/** Runs git; undefined where it exits with another status than 0. */
function gitIn(cwd: string, environment: Environment): Git {
  return (...args) =>
    new Promise((resolve, reject) => {
      execFile("git", args, { cwd, env: { ...environment, LC_ALL: "C" } }, (error, stdout) => {
        if (error === null) resolve(stdout.trim());
        else if (typeof error.code === "number") resolve(undefined);
        else reject(new ReviewError("REVIEW_GIT", `git cannot be run: ${reasonOf(error)}`, { cause: error }));
      });
    });
}
