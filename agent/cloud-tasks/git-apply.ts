// A diff applied to a repository by git itself, three-way where it does not fit as it is. git refuses paths
// outside of the repository and below .git, and behind symbolic links that it knows; where it works three-way
// it writes through those that it does not track, so they are looked for here.

import { spawn } from "node:child_process";
import { lstat } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Environment } from "../environment.ts";
import { withVisibleControls } from "../foreign-text.ts";
import { gitRoot } from "../git-root.ts";
import { reasonOf } from "../system-error.ts";
import { TaskError } from "./errors.ts";

/**
 * Apply a diff to the repository that a folder belongs to, in its working tree and its index.
 *
 * @throws {TaskError} TASK_NO_REPOSITORY, TASK_GIT, TASK_NOT_APPLIED
 */
export async function applyDiff(diff: string, folder: string, environment: Environment): Promise<void> {
  const root = await requireRepository(folder);
  await refuseLinks(diff, root, environment);
  const { status, stdout, stderr } = await git(["apply", "--3way"], diff, root, environment);
  if (status === 0) return;
  const { applied, skipped, conflicts } = countsOf(stdout + stderr);
  throw new TaskError(
    "TASK_NOT_APPLIED",
    `Git apply failed (applied=${applied}, skipped=${skipped}, conflicts=${conflicts})\n` +
      `stdout:\n${withVisibleControls(stdout)}\nstderr:\n${withVisibleControls(stderr)}`,
    conflicts > 0 ? { hint: "files with conflicts have markers in them; see git status" } : {},
  );
}

/**
 * @returns the root of the repository
 * @throws {TaskError} TASK_NO_REPOSITORY
 */
export async function requireRepository(folder: string): Promise<string> {
  const root = await gitRoot(folder);
  if (root !== undefined) return root;
  throw new TaskError("TASK_NO_REPOSITORY", `${folder} is not in a git repository`, {
    hint: "call it in a clone of the repository that the task is about",
  });
}

async function refuseLinks(diff: string, root: string, environment: Environment): Promise<void> {
  const { status, stdout } = await git(["apply", "--numstat", "-z"], diff, root, environment);
  if (status !== 0) return; // not a diff: applying it says why
  const files = stdout.split("\0").map((line) => line.replace(/^[^\t]*\t[^\t]*\t/, ""));
  const folders = new Set(files.flatMap(foldersOf));
  for (const folder of folders) {
    const found = await lstat(join(root, folder)).catch(() => undefined);
    if (found?.isSymbolicLink() !== true) continue;
    throw new TaskError("TASK_NOT_APPLIED", `the diff changes files behind the symbolic link ${folder}`);
  }
}

/** `a/b/c` is in `a/b` and in `a`. */
function foldersOf(file: string): readonly string[] {
  const folder = dirname(file);
  return folder === "." || folder === "/" ? [] : [folder, ...foldersOf(folder)];
}

interface GitResult {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

function git(
  args: readonly string[],
  input: string,
  cwd: string,
  environment: Environment,
): Promise<GitResult> {
  const child = spawn("git", args, { cwd, env: { ...environment, LC_ALL: "C" }, stdio: "pipe" });
  const stdout: Buffer[] = [];
  const stderr: Buffer[] = [];
  child.stdout.on("data", (chunk: Buffer) => stdout.push(chunk));
  child.stderr.on("data", (chunk: Buffer) => stderr.push(chunk));
  child.stdin.on("error", () => {}); // git may refuse before it has read everything
  child.stdin.end(input);
  return new Promise((resolve, reject) => {
    child.once("error", (cause) =>
      reject(new TaskError("TASK_GIT", `git cannot be run: ${reasonOf(cause)}`, { cause })),
    );
    child.once("close", (status) =>
      resolve({
        status,
        stdout: Buffer.concat(stdout).toString("utf8"),
        stderr: Buffer.concat(stderr).toString("utf8"),
      }),
    );
  });
}

/** How many files are applied, left alone and in conflict, by what git says of each. */
function countsOf(said: string) {
  const files = { applied: new Set<string>(), skipped: new Set<string>(), conflicts: new Set<string>() };
  const patterns = [
    ["conflicts", /^Applied patch (?:to )?'?(.+?)'? with conflicts\.?$/],
    ["conflicts", /^U (.+)$/],
    ["applied", /^Applied patch (?:to )?'?(.+?)'? cleanly\.?$/],
    ["skipped", /^error: patch failed: (.+):\d+$/],
    [
      "skipped",
      /^error: (.+): (?:patch does not apply|does not exist in index|does not match index|already exists in (?:index|working directory)|No such file or directory|.*cannot be read)$/,
    ],
  ] as const;
  for (const line of said.split("\n")) {
    for (const [kind, pattern] of patterns) {
      const file = pattern.exec(line)?.[1];
      if (file === undefined) continue;
      files[kind].add(file);
      break;
    }
  }
  for (const file of files.conflicts)
    for (const kind of ["applied", "skipped"] as const) files[kind].delete(file);
  for (const file of files.skipped) files.applied.delete(file);
  return {
    applied: files.applied.size,
    skipped: files.skipped.size,
    conflicts: files.conflicts.size,
  };
}
