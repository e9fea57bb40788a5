// Usage errors, exit 2, in the words and the layout of the original: scripts and people match on them.
// Each function is one way in which an argument list can be wrong.

import type { Argument, Command, Option } from "commander";
import { shownCommands } from "./arguments/commander-details.ts";
import { similarNames } from "./arguments/similar-names.ts";
import { argumentTerm, commandPath, optionTerm, usageLines } from "./usage.ts";

/** What is printed to stderr as it stands before the program exits with status 2. */
export class UsageError extends Error {
  override readonly name = "UsageError";
  readonly exitStatus = 2;
  readonly text: string;

  /**
   * @param message - the first line, without `error: `
   * @param details - lines right below it, without indentation
   * @param tips - each becomes a line `tip: …`
   * @param usageOf - whose usage to show, if any
   */
  constructor(
    message: string,
    {
      details = [],
      tips = [],
      usageOf,
    }: { details?: readonly string[]; tips?: readonly string[]; usageOf?: Command | undefined } = {},
  ) {
    super(message);
    const first = [`error: ${message}`, ...details.map((line) => `  ${line}`)].join("\n");
    const paragraphs = [first];
    if (tips.length > 0) paragraphs.push(tips.map((tip) => `  tip: ${tip}`).join("\n"));
    if (usageOf !== undefined) paragraphs.push(usageLines(usageOf));
    paragraphs.push("For more information, try '--help'.");
    this.text = `${paragraphs.join("\n\n")}\n`;
  }
}

function quoted(names: readonly string[]): string {
  return names.map((name) => `'${name}'`).join(", ");
}

function similarTips(what: string, names: readonly string[]): string[] {
  if (names.length === 0) return [];
  return names.length === 1
    ? [`a similar ${what} exists: ${quoted(names)}`]
    : [`some similar ${what}s exist: ${quoted(names)}`];
}

/** Long names of the options of a command that help shows, without their dashes. */
function visibleLongNames(command: Command): string[] {
  const own = command.options.filter((option) => !option.hidden && option.long !== undefined);
  return [...own.map((option) => option.long?.slice(2) ?? ""), "help"];
}

export function notUtf8(command: Command): UsageError {
  return new UsageError("invalid UTF-8 was detected in one or more arguments", { usageOf: command });
}

export function unexpectedOption(command: Command, name: string, canBeValue: boolean): UsageError {
  const similar = name.startsWith("--")
    ? similarNames(name.slice(2), visibleLongNames(command)).at(-1)
    : undefined;
  const asValue = canBeValue ? [`to pass '${name}' as a value, use '-- ${name}'`] : [];
  return new UsageError(`unexpected argument '${name}' found`, {
    tips: similar === undefined ? asValue : similarTips("argument", [`--${similar}`]),
    usageOf: command,
  });
}

export function unexpectedArgument(command: Command, word: string): UsageError {
  return new UsageError(`unexpected argument '${word}' found`, { usageOf: command });
}

/** A word where a subcommand is wanted, or one that looks much like one. */
export function unrecognizedSubcommand(
  command: Command,
  word: string,
  similar: readonly string[] = similarSubcommands(command, word),
): UsageError {
  const tips = similarTips("subcommand", similar);
  return new UsageError(`unrecognized subcommand '${word}'`, { tips, usageOf: command });
}

/** A subcommand behind two dashes, where it is none. */
export function subcommandBehindDashes(command: Command, word: string): UsageError {
  return new UsageError(`unexpected argument '${word}' found`, {
    tips: [`subcommand '${word}' exists; to use it, remove the '--' before it`],
    usageOf: command,
  });
}

/** Names and aliases of subcommands that are close to a word. */
export function similarSubcommands(command: Command, word: string): string[] {
  return similarNames(word, [
    ...shownCommands(command).flatMap((subcommand) => [subcommand.name(), ...subcommand.aliases()]),
    "help",
  ]);
}

export function missingSubcommand(command: Command): UsageError {
  const names = shownCommands(command).map((one) => one.name());
  return new UsageError(`'${commandPath(command)}' requires a subcommand but one was not provided`, {
    details: [`[subcommands: ${[...names, "help"].join(", ")}]`],
    usageOf: command,
  });
}

function possibleValues(choices: readonly string[] | undefined): string[] {
  return choices === undefined ? [] : [`[possible values: ${choices.join(", ")}]`];
}

function termOf(subject: Option | Argument): string {
  return "flags" in subject ? optionTerm(subject) : argumentTerm(subject);
}

export function missingValue(subject: Option | Argument): UsageError {
  return new UsageError(`a value is required for '${termOf(subject)}' but none was supplied`, {
    details: possibleValues(subject.argChoices),
  });
}

export function unexpectedValue(command: Command, option: Option, value: string): UsageError {
  return new UsageError(
    `unexpected value '${value}' for '${optionTerm(option)}' found; no more were expected`,
    {
      usageOf: command,
    },
  );
}

export function unexpectedHelpValue(command: Command, value: string): UsageError {
  return new UsageError(`unexpected value '${value}' for '--help' found; no more were expected`, {
    usageOf: command,
  });
}

/** @param subject - the option or argument that does not take the value */
export function invalidChoice(subject: Option | Argument, value: string): UsageError {
  if (value === "") return missingValue(subject);
  const choices = subject.argChoices ?? [];
  return new UsageError(`invalid value '${value}' for '${termOf(subject)}'`, {
    details: possibleValues(choices),
    tips: similarTips("value", similarNames(value, choices).slice(-1)),
  });
}

export function repeatedOption(command: Command, option: Option): UsageError {
  return new UsageError(`the argument '${optionTerm(option)}' cannot be used multiple times`, {
    usageOf: command,
  });
}

export function conflictingOptions(command: Command, option: Option, others: readonly Option[]): UsageError {
  const [first, ...more] = others;
  const isSingle = more.length === 0 && first !== undefined;
  return new UsageError(
    isSingle
      ? `the argument '${optionTerm(option)}' cannot be used with '${optionTerm(first)}'`
      : `the argument '${optionTerm(option)}' cannot be used with:`,
    { details: isSingle ? [] : others.map(optionTerm), usageOf: command },
  );
}

export function missingArguments(command: Command, missing: readonly string[]): UsageError {
  return new UsageError("the following required arguments were not provided:", {
    details: missing,
    usageOf: command,
  });
}

export function excludedArgument(command: Command, option: Option, argument: Argument): UsageError {
  return new UsageError(
    `the argument '${optionTerm(option)}' cannot be used with '${argumentTerm(argument)}'`,
    { usageOf: command },
  );
}
