// A folder of links in front of PATH, so that the commands of the agent find `apply_patch` and the sandbox
// helper: both are the launcher by another name. One folder a process, private, removed at its end.

import { createHash } from "node:crypto";
import { lstatSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import type { Environment } from "../environment.ts";
import { isPidInUse, pidPlace, readProcessStat } from "../process-stat.ts";

const names = ["apply_patch", "applypatch", "codex-linux-sandbox"];
const prefix = "codex-tools-";
const namePattern = /^codex-tools-(\d+)-(\d+)-([0-9a-f]{16})-[A-Za-z0-9]{6}$/;
// Processes of other machines and containers cannot be asked whether they live.
const foreignLifetimeMs = 7 * 24 * 60 * 60 * 1000;

export interface ToolLinks {
  /** absolute; stays read-only for sandboxed commands wherever it lies */
  readonly folder: string;
  /** the given environment with the folder in front of PATH */
  readonly environment: Environment;
  /** also done when the process exits */
  remove(): void;
}

/**
 * Make the links of this process, and remove those of dead ones.
 *
 * @param codexHome - where they are put if it exists: no sandboxed command may write there. Else TMPDIR
 * @param launcher - what they point to; without it there are none
 * @param warn - told when the folder cannot be made: commands then run without it
 */
export function makeToolLinks(
  codexHome: string,
  launcher: string | undefined,
  environment: Environment,
  warn: (message: string) => void,
): ToolLinks | undefined {
  if (launcher === undefined) return undefined;
  try {
    const parent = parentFolder(codexHome, environment);
    removeStale(parent);
    const folder = mkdtempSync(join(parent, `${prefix}${process.pid}-${startOf(process.pid)}-${machine()}-`));
    const remove = () => {
      process.off("exit", remove);
      rmSync(folder, { recursive: true, force: true });
    };
    process.on("exit", remove);
    for (const name of names) symlinkSync(launcher, join(folder, name));
    return { folder, environment: { ...environment, PATH: `${folder}:${pathOf(environment)}` }, remove };
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? "unknown";
    warn(`apply_patch is not in the PATH of commands: its folder could not be made (${code})`);
    return undefined;
  }
}

// Without PATH, programs are looked for in the system's default.
function pathOf({ PATH }: Environment): string {
  return PATH === undefined || PATH === "" ? "/usr/local/bin:/usr/bin:/bin" : PATH;
}

// A colon would end the entry of PATH.
function parentFolder(codexHome: string, environment: Environment): string {
  if (!codexHome.includes(":") && lstatSync(codexHome, { throwIfNoEntry: false }) !== undefined) {
    try {
      const parent = join(codexHome, "tmp", "tools");
      mkdirSync(parent, { recursive: true, mode: 0o700 });
      return parent;
    } catch {
      // read-only or another's
    }
  }
  const temporary = environment.TMPDIR;
  return temporary?.startsWith("/") && !temporary.includes(":") ? temporary : "/tmp";
}

function removeStale(parent: string): void {
  for (const name of readdirSync(parent)) {
    const folder = join(parent, name);
    try {
      if (isStale(name, folder)) rmSync(folder, { recursive: true, force: true });
    } catch {
      // another process was faster
    }
  }
}

function isStale(name: string, folder: string): boolean {
  const [, pid, start, where] = namePattern.exec(name) ?? [];
  if (pid === undefined) return false;
  const entry = lstatSync(folder);
  if (!entry.isDirectory() || entry.uid !== process.getuid?.()) return false;
  if (where !== machine()) return Date.now() - entry.mtimeMs > foreignLifetimeMs;
  return startOf(Number(pid)) !== start || !isPidInUse(Number(pid));
}

// A number of a process is used again, its start is not.
function startOf(pid: number): string {
  return readProcessStat(pid)?.startTicks || "0";
}

function machine(): string {
  return createHash("sha256").update(pidPlace()).digest("hex").slice(0, 16);
}
