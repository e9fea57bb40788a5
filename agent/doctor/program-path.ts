// Which `codex` a shell would start. Programs are looked at and never run.

import { constants } from "node:fs";
import { access, readFile, realpath, stat } from "node:fs/promises";
import { delimiter, dirname, join, resolve } from "node:path";
import { shellWord } from "../shell-word.ts";
import type { DoctorContext, Finding } from "./check.ts";

/** Whose program a file is. */
export type Owner = "ours" | "another copy of ours" | "@openai/codex" | "another program";

export interface FoundProgram {
  /** as PATH leads to it */
  readonly path: string;
  readonly owner: Owner;
}

/**
 * @param name - of the program
 * @returns every executable file of that name, in the order of PATH; entries that are not absolute are
 *   taken from the working directory, as shells do
 */
export async function programsInPath(
  name: string,
  { environment, cwd }: Pick<DoctorContext, "environment" | "cwd">,
): Promise<readonly string[]> {
  const found: string[] = [];
  const folders = (environment.PATH ?? "").split(delimiter).map((folder) => resolve(cwd, folder));
  for (const folder of new Set(folders)) {
    const path = join(folder, name);
    if (await isExecutableFile(path)) found.push(path);
  }
  return found;
}

/** Whether this user may run it. */
export async function isExecutableFile(path: string): Promise<boolean> {
  try {
    await access(path, constants.X_OK);
    return (await stat(path)).isFile();
  } catch {
    return false;
  }
}

/** @param context - of which PATH, the package's folder and the launcher count */
export async function checkProgramPath(context: DoctorContext): Promise<Finding> {
  const own = context.launcher ?? join(context.packageRoot, "native/build/codex-responses-api-proxy");
  const programs: FoundProgram[] = [];
  for (const path of await programsInPath("codex", context)) {
    programs.push({ path, owner: await ownerOf(path, own) });
  }
  const details = {
    "this program": own,
    "codex in PATH": programs.map(({ path, owner }) => `${path} (${owner})`),
  };
  const [first] = programs;
  if (first === undefined) {
    return {
      status: "warning",
      summary: "PATH leads to no program named codex",
      details,
      remediation: await pathFix(own, context),
    };
  }
  if (first.owner === "ours") return { status: "ok", summary: `codex is ${first.path}`, details };
  const mine = programs.find(({ owner }) => owner === "ours")?.path;
  return {
    status: "warning",
    summary: `codex in PATH is not this program but ${first.path} (${first.owner})`,
    details,
    remediation: mine === undefined ? await pathFix(own, context) : putFirst(dirname(mine)),
  };
}

function putFirst(folder: string): string {
  return `export PATH=${shellWord(folder)}:"$PATH"`;
}

/** The way to a `codex` of ours that PATH does not lead to: npm has made a link, or one is made now. */
async function pathFix(own: string, { packageRoot }: DoctorContext): Promise<string> {
  // PREFIX/bin beside PREFIX/lib/node_modules/NAME, and node_modules/.bin beside node_modules/NAME.
  for (const folder of [join(packageRoot, "../../../bin"), join(packageRoot, "../.bin")]) {
    const link = join(folder, "codex");
    if ((await isExecutableFile(link)) && (await ownerOf(link, own)) === "ours") return putFirst(folder);
  }
  // One that is there already and is no way to us leads nowhere, or PATH would have found it.
  const link = "~/.local/bin/codex";
  return `mkdir -p ~/.local/bin && ln -s ${shellWord(own)} ${link} && ${putFirst("~/.local/bin")}`;
}

async function ownerOf(path: string, own: string): Promise<Owner> {
  const [target, ownTarget] = await Promise.all([realpath(path), realpath(own).catch(() => own)]);
  if (target === ownTarget) return "ours";
  const name = await packageNameAbove(target);
  if (name === "codex-responses-api-proxy") return "another copy of ours";
  // Its native packages have names of their own: @openai/codex-linux-x64 and so on.
  return name?.startsWith("@openai/codex") ? "@openai/codex" : "another program";
}

async function packageNameAbove(path: string): Promise<string | undefined> {
  for (let folder = dirname(path); ; folder = dirname(folder)) {
    const name = await packageName(join(folder, "package.json"));
    if (name !== undefined || folder === dirname(folder)) return name;
  }
}

async function packageName(file: string): Promise<string | undefined> {
  try {
    const { name } = JSON.parse(await readFile(file, "utf8")) as { name?: unknown };
    return typeof name === "string" ? name : undefined;
  } catch {
    return undefined; // not there, not ours to read, or not JSON: then the one above it says
  }
}
