// What the completion scripts know of the program, read off the definitions by which it reads its
// arguments: commands by the words that lead to them, options, and what a value can be.

import type { Argument, Command, Option } from "commander";
import { passesOptionsThrough, shownCommands } from "../arguments/commander-details.ts";
import { traitsOf } from "../arguments/option-traits.ts";
import { valueTerm } from "../usage.ts";

/** What can stand where a value is wanted. */
export type ValueKind =
  | { readonly kind: "words"; readonly words: readonly string[] }
  | { readonly kind: "file" | "directory" | "program" | "anything" };

export interface CompletionOption {
  /** with dashes, short name first */
  readonly names: readonly string[];
  readonly summary: string;
  /** undefined for an option that takes no value */
  readonly value: ValueKind | undefined;
  /** whether every word up to the next option is a value of it */
  readonly takesMany: boolean;
}

export interface CompletionCommand {
  /** the words that lead here, by their main names: `codex exec resume` */
  readonly path: string;
  /** name and aliases */
  readonly names: readonly string[];
  readonly summary: string;
  readonly options: readonly CompletionOption[];
  readonly arguments: readonly ValueKind[];
  /** whether the last of the arguments can be repeated */
  readonly repeatsLastArgument: boolean;
  readonly passesOptionsThrough: boolean;
  readonly subcommands: readonly CompletionCommand[];
}

const files = /FILE|PATH|SERVER_INFO/;
const directories = /DIR/;

function kindOf(
  choices: readonly string[] | undefined,
  name: string,
  features: readonly string[],
): ValueKind {
  if (choices !== undefined) return { kind: "words", words: choices };
  if (name.includes("FEATURE")) return { kind: "words", words: features };
  if (directories.test(name)) return { kind: "directory" };
  if (files.test(name)) return { kind: "file" };
  return { kind: name.includes("COMMAND") ? "program" : "anything" };
}

/** The first sentence, as there is one line for it. */
function summaryOf(text: string): string {
  return (/^.*?[^.](?=\.\s|$)/s.exec(text)?.[0] ?? text).replace(/\s+/g, " ");
}

function completionOption(option: Option, features: readonly string[]): CompletionOption {
  const names = [option.short, option.long, ...traitsOf(option).aliases].filter((name) => name !== undefined);
  const takesValue = option.required || option.optional;
  return {
    names,
    summary: summaryOf(option.description),
    value: takesValue ? kindOf(option.argChoices, valueTerm(option), features) : undefined,
    takesMany: option.variadic,
  };
}

const help: CompletionOption = {
  names: ["-h", "--help"],
  summary: "Print help",
  value: undefined,
  takesMany: false,
};

/** The names behind `help`, which say nothing but themselves. */
function helpCommand(path: string, commands: readonly CompletionCommand[]): CompletionCommand {
  const below = (outer: string, command: CompletionCommand): CompletionCommand => {
    const own = `${outer} ${command.names[0]}`;
    const shown = command.subcommands.filter((one) => one.names[0] !== "help");
    return {
      ...command,
      path: own,
      options: [],
      arguments: [],
      repeatsLastArgument: false,
      passesOptionsThrough: false,
      subcommands: shown.map((one) => below(own, one)),
    };
  };
  const own = `${path} help`;
  return {
    path: own,
    names: ["help"],
    summary: "Print the help of a subcommand",
    options: [],
    arguments: [],
    repeatsLastArgument: false,
    passesOptionsThrough: false,
    subcommands: commands.map((command) => below(own, command)),
  };
}

/**
 * Read a command and all below it; hidden ones are left out.
 *
 * @param features - names of feature flags, for options that take one
 */
export function completionTree(
  command: Command,
  features: readonly string[],
  outer?: string,
): CompletionCommand {
  const path = outer === undefined ? command.name() : `${outer} ${command.name()}`;
  const subcommands = shownCommands(command).map((one) => completionTree(one, features, path));
  const { registeredArguments } = command;
  return {
    path,
    names: [command.name(), ...command.aliases()],
    summary: summaryOf(command.summary() || command.description()),
    options: [
      ...command.options
        .filter((option) => !option.hidden)
        .map((option) => completionOption(option, features)),
      help,
    ],
    arguments: registeredArguments.map((argument: Argument) =>
      kindOf(argument.argChoices, argument.name().toUpperCase(), features),
    ),
    repeatsLastArgument: registeredArguments.at(-1)?.variadic === true,
    passesOptionsThrough: passesOptionsThrough(command),
    subcommands: subcommands.length === 0 ? [] : [...subcommands, helpCommand(path, subcommands)],
  };
}

/** A command and all below it. */
export function allCommands(command: CompletionCommand): CompletionCommand[] {
  return [command, ...command.subcommands.flatMap(allCommands)];
}
