// Reads an argument list by the grammar of the original, which is clap's and not commander's: a word is a
// subcommand only before the first argument, a value option given twice is an error, `-cfoo=bar`, and so
// on. The outcome is a list in one spelling, in which commander has nothing left to decide.

import type { Argument, Command, Option } from "commander";
import * as usage from "../usage-errors.ts";
import { conflictsOf, hasAction, passesOptionsThrough } from "./commander-details.ts";
import { traitsOf } from "./option-traits.ts";

/** What an argument list asks for. */
export type Reading =
  /**
   * `canonical` is for commander's parse: every option by its long name, `--`, the arguments; `outer` are
   * arguments of the command that this one is a subcommand of, for which commander has no place
   */
  | {
      readonly kind: "run";
      readonly command: Command;
      readonly canonical: readonly string[];
      readonly outer: readonly string[];
    }
  | { readonly kind: "help"; readonly command: Command; readonly isLong: boolean }
  /** a command called without the subcommand that it needs: its help, but as an error */
  | { readonly kind: "help-wanted"; readonly command: Command }
  | { readonly kind: "version"; readonly command: Command };

type Immediate = Exclude<Reading, { readonly kind: "run" }>;

/** One command on the way to the last, and what was said to it. */
class Level {
  readonly command: Command;
  readonly given = new Map<Option, string[]>();
  readonly positionals: string[] = [];
  /** an option of which the values are still coming; they are looked at when it is known that no more come */
  #pending: { readonly option: Option; readonly values: string[] } | undefined;

  constructor(command: Command) {
    this.command = command;
  }

  /** Whether the next word is the value of an option, unless it is an option itself. */
  get isAwaitingValue(): boolean {
    return (
      this.#pending !== undefined && (this.#pending.values.length === 0 || this.#pending.option.variadic)
    );
  }

  findLong(name: string): Option | undefined {
    return this.command.options.find(
      (option) => option.long === name || traitsOf(option).aliases.includes(name),
    );
  }

  findShort(name: string): Option | undefined {
    return this.command.options.find((option) => option.short === name);
  }

  /** An option and its value in one word, or one that takes none. */
  take(option: Option, value: string | undefined): void {
    this.settle();
    this.#accept(option, value === undefined ? [] : [value]);
  }

  /** An option of which the values are the words to come. */
  expectValues(option: Option): void {
    this.settle();
    this.#pending = { option, values: [] };
  }

  takeAwaitedValue(word: string): void {
    this.#pending?.values.push(word);
  }

  /** End what is begun: an option that got no value is an error. */
  settle(): void {
    const pending = this.#pending;
    if (pending === undefined) return;
    this.#pending = undefined;
    if (pending.values.length === 0) throw usage.missingValue(pending.option);
    this.#accept(pending.option, pending.values);
  }

  #accept(option: Option, raw: readonly string[]): void {
    const before = this.given.get(option);
    const { isRepeatable, delimiter } = traitsOf(option);
    if (before !== undefined && !isRepeatable && !option.variadic) {
      throw usage.repeatedOption(this.command, option);
    }
    const values = delimiter === undefined ? raw : raw.flatMap((value) => value.split(delimiter));
    for (const value of values) {
      if (option.argChoices?.includes(value) === false) throw usage.invalidChoice(option, value);
    }
    this.given.set(option, [...(before ?? []), ...values]);
  }

  /** What can only be judged once all is read. */
  check(): void {
    for (const option of this.given.keys()) {
      const others = [...this.given.keys()].filter(
        (other) => excludes(option, other) || excludes(other, option),
      );
      if (others.length > 0) throw usage.conflictingOptions(this.command, option, others);
    }
  }

  checkRequired(): void {
    const { registeredArguments, options } = this.command;
    const missing = [
      ...options
        .filter((option) => option.mandatory && !this.given.has(option))
        .map((option) => `${option.long} ${option.flags.slice(option.flags.indexOf("<"))}`),
      ...registeredArguments
        .slice(this.positionals.length)
        .filter((argument) => argument.required)
        .map((argument) => `<${argument.name()}>${argument.variadic ? "..." : ""}`),
    ];
    if (missing.length > 0) throw usage.missingArguments(this.command, missing);
  }

  /** The argument that the next word would be, undefined where there is room for none. */
  get nextArgument(): Argument | undefined {
    const { registeredArguments } = this.command;
    const last = registeredArguments.at(-1);
    return registeredArguments[this.positionals.length] ?? (last?.variadic === true ? last : undefined);
  }

  get canonicalOptions(): string[] {
    return [...this.given].flatMap(([option, values]) => {
      const name = option.long ?? option.short ?? "";
      if (!option.required && !option.optional) return [name];
      const joiner = option.long === undefined ? "" : "=";
      return values.map((value) => `${name}${joiner}${value}`);
    });
  }
}

function excludes(option: Option, other: Option): boolean {
  return conflictsOf(option).includes(other.attributeName());
}

function findSubcommand(command: Command, word: string): Command | undefined {
  return command.commands.find((one) => one.name() === word || one.aliases().includes(word));
}

// The words behind `help` name a command; nothing else is looked at.
async function readHelpWords(
  root: Command,
  words: readonly string[],
  open: (command: Command) => Promise<void>,
): Promise<Immediate> {
  let command = root;
  for (const word of words) {
    const next = word === "help" ? undefined : findSubcommand(command, word);
    if (next === undefined) {
      if (word === "help" && command.commands.length > 0) break;
      throw usage.unrecognizedSubcommand(command, word, []);
    }
    command = next;
    await open(command);
  }
  return { kind: "help", command, isLong: true };
}

// `--name`, `--name=value`
function readLong(level: Level, word: string): Immediate | undefined {
  const equals = word.indexOf("=");
  const name = equals < 0 ? word : word.slice(0, equals);
  const value = equals < 0 ? undefined : word.slice(equals + 1);
  const { command } = level;
  const option = level.findLong(name);
  if (option === undefined && name !== "--help") {
    throw usage.unexpectedOption(command, name, command.registeredArguments.length > 0);
  }
  if (option === undefined || !(option.required || option.optional)) {
    level.settle();
    if (value !== undefined) {
      throw option === undefined
        ? usage.unexpectedHelpValue(command, value)
        : usage.unexpectedValue(command, option, value);
    }
    if (option === undefined) return { kind: "help", command, isLong: true };
    level.take(option, undefined);
    return option.long === "--version" ? { kind: "version", command } : undefined;
  }
  if (value === undefined) level.expectValues(option);
  else level.take(option, value);
  return undefined;
}

// `-x`, `-xyz`, `-mVALUE`, `-m=VALUE`
function readShorts(level: Level, word: string): Immediate | undefined {
  const { command } = level;
  const letters = [...word.slice(1)];
  for (const [index, letter] of letters.entries()) {
    const name = `-${letter}`;
    const option = level.findShort(name);
    if (option === undefined) {
      if (name === "-h") {
        level.settle();
        return { kind: "help", command, isLong: false };
      }
      throw usage.unexpectedOption(command, name, command.registeredArguments.length > 0);
    }
    if (option.required || option.optional) {
      const rest = letters.slice(index + 1).join("");
      if (rest === "") level.expectValues(option);
      else level.take(option, rest.startsWith("=") ? rest.slice(1) : rest);
      return undefined;
    }
    level.take(option, undefined);
    if (option.long === "--version") return { kind: "version", command };
  }
  return undefined;
}

// A word that is neither an option nor the value of one.
function readPositional(level: Level, word: string, isBehindDashes: boolean): void {
  const { command } = level;
  level.settle();
  const argument = level.nextArgument;
  if (argument !== undefined) {
    if (argument.argChoices?.includes(word) === false) throw usage.invalidChoice(argument, word);
    level.positionals.push(word);
    return;
  }
  const hasPositionals = command.registeredArguments.length > 0;
  if (isBehindDashes && findSubcommand(command, word) !== undefined) {
    throw usage.subcommandBehindDashes(command, word);
  }
  if (command.commands.length > 0 && !isBehindDashes) {
    if (!hasPositionals || usage.similarSubcommands(command, word).length > 0) {
      throw usage.unrecognizedSubcommand(command, word);
    }
  }
  throw usage.unexpectedArgument(command, word);
}

/**
 * Read an argument list.
 *
 * @param root - the program, with its options and the names of its subcommands
 * @param words - without the program's name
 * @param open - completes a command before anything said to it is read
 * @throws {UsageError} where the original would exit with status 2
 */
export async function readArguments(
  root: Command,
  words: readonly string[],
  open: (command: Command) => Promise<void>,
): Promise<Reading> {
  const levels = [new Level(root)];
  let level = levels[0] as Level;
  let isBehindDashes = false;
  for (const [index, word] of words.entries()) {
    const isOption = word.startsWith("-") && word !== "-";
    if (!isBehindDashes && !level.isAwaitingValue) {
      if (word === "help" && level.command.commands.length > 0) {
        return readHelpWords(level.command, words.slice(index + 1), open);
      }
      const subcommand = findSubcommand(level.command, word);
      if (subcommand !== undefined) {
        level.settle();
        await open(subcommand);
        level = new Level(subcommand);
        levels.push(level);
        continue;
      }
    }
    if (!isBehindDashes && word === "--") {
      isBehindDashes = true;
      continue;
    }
    if (!isBehindDashes && isOption) {
      const immediate = word.startsWith("--") ? readLong(level, word) : readShorts(level, word);
      if (immediate !== undefined) return immediate;
      continue;
    }
    if (!isBehindDashes && level.isAwaitingValue) {
      level.takeAwaitedValue(word);
      continue;
    }
    readPositional(level, word, isBehindDashes);
    if (passesOptionsThrough(level.command) && level.nextArgument?.variadic) isBehindDashes = true;
  }

  const { command } = level;
  level.settle();
  if (command.commands.length > 0 && !hasAction(command)) {
    if (level.given.size === 0) return { kind: "help-wanted", command };
    throw usage.missingSubcommand(command);
  }
  level.checkRequired();
  for (const one of levels.toReversed()) one.check();
  const canonical = levels.flatMap((one, index) => [
    ...(index === 0 ? [] : [one.command.name()]),
    ...one.canonicalOptions,
  ]);
  const outer = levels.at(-2)?.positionals ?? [];
  return { kind: "run", command, canonical: [...canonical, "--", ...level.positionals], outer };
}
