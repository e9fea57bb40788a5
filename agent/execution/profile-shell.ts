// `experimental_use_profile`: commands run in the user's own shell, with what its profile and its file for
// interactive use define.

import { existsSync } from "node:fs";
import { userInfo } from "node:os";
import { basename, join } from "node:path";
import type { Environment } from "../environment.ts";

const startFiles: Readonly<Record<string, string>> = { bash: ".bashrc", zsh: ".zshrc" };

/**
 * A command as the user's shell would run it; the command itself where his shell is no bash or zsh.
 *
 * @param environment - where the home folder is looked up
 * @param shell - the user's login shell
 */
export function inProfileShell(
  command: readonly string[],
  environment: Environment,
  shell: string | undefined = loginShell(environment),
): readonly string[] {
  const startFile = shell === undefined ? undefined : startFiles[basename(shell)];
  if (shell === undefined || startFile === undefined) return command;
  const script = scriptOf(command) ?? command.map(quoted).join(" ");
  const file = join(environment.HOME ?? userInfo().homedir, startFile);
  return [shell, "-lc", existsSync(file) ? `source ${quoted(file)} && (${script})` : script];
}

/** The script of `bash -lc SCRIPT`, which the user's shell runs in bash's place. */
function scriptOf(command: readonly string[]): string | undefined {
  const [shell = "", flag, script] = command;
  return command.length === 3 && basename(shell) === "bash" && flag === "-lc" ? script : undefined;
}

function loginShell({ SHELL }: Environment): string | undefined {
  try {
    return userInfo().shell || SHELL;
  } catch {
    return SHELL; // a user without an entry
  }
}

// Stricter than for a person: no word may become an assignment, a home folder or a job.
function quoted(word: string): string {
  return /^[\w@:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
