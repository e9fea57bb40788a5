// Commands that destroy what may be wanted, and so are asked about under on-request even in the sandbox. A
// warning, not a wall: what hides from it is still in the sandbox.

import { basename } from "node:path";
import { literalCommands, unknownPart } from "./literal-commands.ts";

const shells = new Set(["bash", "zsh", "sh", "dash", "ksh"]);

// Programs that run the command that their arguments name, somewhere behind options of their own.
const wrappers = new Set(
  (
    "sudo doas su runuser env nice ionice chrt taskset nohup setsid stdbuf timeout time command exec builtin " +
    "busybox toybox xargs parallel unbuffer script flock chroot unshare nsenter eval"
  ).split(" "),
);

const findRuns = new Set(["-exec", "-execdir", "-ok", "-okdir"]);

const mostWords = 100_000;
const mostScriptBytes = 4 * 1024 * 1024;

/**
 * Whether a command, or one that it runs, removes files by force or throws work away. One that is too large
 * or too deep to be looked into counts as one.
 */
export function isDangerous(command: readonly string[]): Promise<boolean> {
  return looksDangerous(command, { words: mostWords, scriptBytes: mostScriptBytes });
}

/** How much more is looked at: a command may name others, and scripts hold scripts. */
interface Budget {
  words: number;
  scriptBytes: number;
}

async function looksDangerous(command: readonly string[], budget: Budget): Promise<boolean> {
  budget.words -= command.length;
  if (budget.words < 0) return true;
  const [first, ...args] = command;
  const program = basename(first ?? "");
  if (destroys(program, args)) return true;
  if (program === "eval") return anyInScript(args.join(" "), budget);
  if (shells.has(program)) {
    const at = args.findIndex((word) => /^-[^-]*c/.test(word));
    const script = at === -1 ? undefined : args.slice(at + 1).find((word) => !/^[-+]/.test(word));
    return script === undefined ? false : anyInScript(script, budget);
  }
  const runsOthers = program === "find" ? args.some((word) => findRuns.has(word)) : wrappers.has(program);
  if (!runsOthers) return false;
  // What follows an option may be its value or the command, so every word may be the first of it.
  for (const [at, word] of args.entries())
    if (isOfInterest(basename(word)) && (await looksDangerous(args.slice(at), budget))) return true;
  return false;
}

// No wrappers: what follows one of them follows the one in front of it as well.
function isOfInterest(name: string): boolean {
  return destructive.has(name) || shells.has(name) || name.startsWith("mkfs") || name === "eval";
}

async function anyInScript(script: string, budget: Budget): Promise<boolean> {
  budget.scriptBytes -= script.length;
  const commands = budget.scriptBytes < 0 ? undefined : await literalCommands(script);
  if (commands === undefined) return true;
  for (const command of commands) if (await looksDangerous(command, budget)) return true;
  return false;
}

const destructive: ReadonlyMap<string, (args: readonly string[]) => boolean> = new Map([
  ["rm", (args: readonly string[]) => hasOption(args, "f", "force", 1)],
  ["git", (args: readonly string[]) => gitDestroys(args)],
  ["find", (args: readonly string[]) => args.includes("-delete")],
  ["shred", () => true],
  ["wipefs", () => true],
  ["dd", (args: readonly string[]) => args.some((arg) => arg.startsWith("of="))],
]);

function destroys(program: string, args: readonly string[]): boolean {
  return destructive.get(program)?.(args) === true || /^mkfs(\.|$)/.test(program);
}

const gitOptionsWithValue = new Set([
  "-C",
  "-c",
  "--git-dir",
  "--work-tree",
  "--namespace",
  "--exec-path",
  "--config-env",
  "--super-prefix",
  "--attr-source",
  "--list-cmds",
]);

function gitDestroys(words: readonly string[]): boolean {
  let at = 0;
  while (at < words.length && (words[at] as string).startsWith("-"))
    at += gitOptionsWithValue.has(words[at] as string) ? 2 : 1;
  const args = words.slice(at + 1);
  switch (words[at]) {
    case "reset":
    case "rm":
      return true;
    case "clean":
      return hasOption(args, "f", "force", 1);
    case "branch":
      return hasOption(args, "dD", "delete", 1);
    case "push":
      return (
        hasOption(args, "fd", "force", 1) ||
        args.some((arg) => /^--(del|mir|pru|force-)/.test(arg) || /^[+:]./.test(arg))
      );
    default:
      return false;
  }
}

/**
 * Whether an option is among arguments, in front of a `--`: one of its letters in a cluster, or its long name
 * as far as `least` letters of it, as the parsers of GNU and git take it.
 */
function hasOption(args: readonly string[], letters: string, long: string, least: number): boolean {
  const end = args.indexOf("--");
  return args.slice(0, end === -1 ? args.length : end).some((arg) => {
    if (arg.startsWith("--")) {
      const name = arg.slice(2).split("=")[0]?.split(unknownPart)[0] ?? "";
      return name.length >= least && long.startsWith(name);
    }
    return arg.startsWith("-") && [...letters].some((letter) => arg.includes(letter));
  });
}
