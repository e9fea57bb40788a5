// Commands that only read, and so are not asked about; they run in the sandbox all the same. What is not known
// for sure to be one of them is none.

import { basename, resolve } from "node:path";
import type { Config } from "../config/config.ts";
import type { Environment } from "../environment.ts";
import { existing } from "../sandbox/planted-links.ts";
import type { SandboxPolicy } from "../sandbox/policy.ts";
import { shellEnvironment } from "../shell-environment.ts";
import { type PlainCommand, plainCommandWords } from "./plain-commands.ts";
import { isOwnProgram, type LookupPlace } from "./program-lookup.ts";
import { isPlainRepository } from "./repository.ts";
import { safePrograms } from "./safe-programs.ts";

/** Where and how a command would run. */
export interface Place {
  readonly cwd: string;
  readonly policy: SandboxPolicy;
  readonly config: Pick<Config, "cwd" | "shellEnvironmentPolicy">;
  /** of this process */
  readonly environment: Environment;
  /** it gets a terminal, in which git starts a pager that takes orders from the keyboard */
  readonly hasTerminal?: boolean | undefined;
  readonly platform?: NodeJS.Platform;
}

const shells = new Set(["bash", "zsh", "sh"]);
const builtIn = new Set(["cd", "echo", "false", "pwd", "true"]);
const mostFolders = 16;

/**
 * Whether a command is on the list of those that only read: a program with its arguments, or a script that
 * `bash`, `zsh` or `sh` runs by `-c` or `-lc` and that holds nothing but such programs.
 */
export async function isKnownSafe(command: readonly string[], place: Place): Promise<boolean> {
  if (command.some((word) => word.includes("\0"))) return false;
  const environment = shellEnvironment(place.environment, place.config.shellEnvironmentPolicy);
  const lookup = { folders: [place.config.cwd, place.cwd], policy: place.policy, environment };
  const script = scriptOf(command);
  if (script === undefined) {
    const words = command.map((text) => ({ text, expansion: "none" }) as const);
    return areSafe([words], { ...place, lookup, isInShell: false });
  }
  if (!isOwnProgram(command[0] as string, lookup)) return false;
  const commands = await plainCommandWords(script);
  return commands !== undefined && areSafe(commands, { ...place, lookup, isInShell: true });
}

/** What a shell was told to run; undefined for a command of another form. */
function scriptOf(command: readonly string[]): string | undefined {
  const [shell, option, script] = command;
  if (command.length !== 3 || shell === undefined || !shells.has(basename(shell))) return undefined;
  return option === "-c" || option === "-lc" ? script : undefined;
}

interface Judgement extends Place {
  readonly lookup: LookupPlace;
  readonly isInShell: boolean;
}

function areSafe(commands: readonly PlainCommand[], judgement: Judgement): boolean {
  const rules = safePrograms(judgement.platform ?? process.platform);
  // Where a command may run: `cd` may have been reached or not, and may have failed.
  let folders: readonly string[] | undefined = [judgement.cwd];
  for (const [program, ...args] of commands) {
    if (program === undefined || program.expansion !== "none") return false;
    const name = program.text.slice(program.text.lastIndexOf("/") + 1);
    if (rules.get(name)?.(args) !== true) return false;
    const isBuiltIn = judgement.isInShell && builtIn.has(program.text);
    if (!isBuiltIn && !isOwnProgram(program.text, judgement.lookup)) return false;
    if (name === "git" && !isGitSafe(folders, judgement)) return false;
    if (name === "cd" && judgement.isInShell) folders = foldersAfter(args, folders, judgement);
  }
  return commands.length > 0;
}

function isGitSafe(folders: readonly string[] | undefined, { lookup, hasTerminal }: Judgement): boolean {
  const { environment } = lookup;
  const isElsewhere = environment.GIT_DIR !== undefined || environment.GIT_COMMON_DIR !== undefined;
  if (folders === undefined || isElsewhere || hasTerminal === true) return false;
  return folders.every(isPlainRepository);
}

function foldersAfter(
  args: PlainCommand,
  folders: readonly string[] | undefined,
  { lookup }: Judgement,
): readonly string[] | undefined {
  const [target, ...more] = args;
  const isKnown =
    target?.expansion === "none" &&
    more.length === 0 &&
    !/^[-+]/.test(target.text) &&
    target.text !== "" &&
    lookup.environment.CDPATH === undefined;
  if (folders === undefined || !isKnown) return undefined;
  // Shells count `..` from the path that they were given, or from where it leads.
  const next = folders.flatMap((folder) => [folder, existing(folder) ?? folder]);
  const after = [...new Set([...folders, ...next.map((folder) => resolve(folder, target.text))])];
  return after.length > mostFolders ? undefined : after;
}
