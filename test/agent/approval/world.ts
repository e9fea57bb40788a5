// A place in which commands are judged: programs of the user's own that lie outside of where commands write,
// and a working directory with a repository.

import { execFileSync } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, realpathSync, rmSync, statSync, writeFileSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import type { Place } from "../../../agent/approval/safe.ts";
import { turn, workspaceWrite } from "./turn.ts";

const programs =
  "base64 bash cat cut echo expr false find git grep head id ls nl numfmt paste pwd rev rg sed seq sh stat tac tail " +
  "tr true uname uniq wc which whoami zsh";

export interface World {
  readonly cwd: string;
  /** the programs of the user */
  readonly tools: string;
  /** a place whose PATH is the folder of tools, and what a test puts around it */
  place(path?: string, more?: Partial<Place>): Place;
  remove(): void;
}

export function makeWorld(): World {
  const top = realpathSync(mkdtempSync(join(tmpdir(), "approval-")));
  const cwd = join(top, "work");
  const tools = mkdtempSync(join(folderOutsideOfTemporary(), "codex-test-tools-"));
  for (const folder of [cwd, join(cwd, "sub"), join(cwd, "src")]) mkdirSync(folder);
  for (const name of programs.split(" ")) makeProgram(join(tools, name), "exit 0");
  execFileSync("git", ["init", "-q"], { cwd });
  return {
    cwd,
    tools,
    place: (path = tools, more = {}) => ({
      ...turn({ approvalPolicy: "untrusted", policy: workspaceWrite, cwd, environment: { PATH: path } })
        .context,
      cwd,
      platform: "linux",
      ...more,
    }),
    remove: () => {
      for (const folder of [top, tools]) rmSync(folder, { recursive: true, force: true });
    },
  };
}

// Commands may write to temporary folders, and CI has its checkout in one.
function folderOutsideOfTemporary(): string {
  const temporary = ["/tmp", "/var/tmp", "/dev/shm", tmpdir()].map((folder) => join(folder, "/"));
  const found = [import.meta.dirname, homedir(), "/var/lib"].find((folder) => {
    if (temporary.some((root) => folder.startsWith(root))) return false;
    return (statSync(folder, { throwIfNoEntry: false })?.uid ?? -1) === process.getuid?.();
  });
  if (found === undefined) throw new Error("no folder of this user lies outside of the temporary ones");
  return found;
}

/** An executable with a script of a POSIX shell. */
export function makeProgram(path: string, script: string): void {
  writeFileSync(path, `#!/bin/sh\n${script}\n`);
  chmodSync(path, 0o755);
}
