// Help texts in the layout of the original: -h in short lines, --help with room for every option.

import type { Argument, Command, Option } from "commander";
import { shownCommands } from "./arguments/commander-details.ts";
import { argumentTerm, usageLines, valueTerm } from "./usage.ts";

const columns = 100;

function wrap(text: string, indent: number): string {
  const lines: string[] = [];
  for (const paragraph of text.split("\n")) {
    let line = "";
    for (const word of paragraph.split(" ")) {
      if (line !== "" && line.length + 1 + word.length > columns - indent) {
        lines.push(line);
        line = word;
      } else {
        line = line === "" ? word : `${line} ${word}`;
      }
    }
    lines.push(line);
  }
  return lines.join(`\n${" ".repeat(indent)}`);
}

type Row = readonly [term: string, text: string];

function besideEachOther(rows: readonly Row[]): string {
  const width = Math.max(...rows.map(([term]) => term.length)) + 4;
  return rows.map(([term, text]) => `  ${term.padEnd(width - 2)}${wrap(text, width)}`.trimEnd()).join("\n");
}

function belowEachOther(rows: readonly Row[], gap: string): string {
  return rows.map(([term, text]) => `  ${term}\n          ${wrap(text, 10)}`.trimEnd()).join(gap);
}

function optionFlags(option: Option): string {
  const names = [option.short ?? "   ", option.long].filter((name) => name !== undefined);
  const text = names.join(option.short === undefined ? " " : ", ");
  const value = valueTerm(option);
  return value === "" ? text : `${text} ${value}`;
}

function remarks({ argChoices, defaultValue }: Option | Argument): string[] {
  const said: string[] = [];
  if (typeof defaultValue === "string") said.push(`[default: ${defaultValue}]`);
  if (argChoices !== undefined) said.push(`[possible values: ${argChoices.join(", ")}]`);
  return said;
}

function describe(subject: Option | Argument, isLong: boolean): string {
  const said = remarks(subject);
  if (said.length === 0) return subject.description;
  return isLong ? `${subject.description}\n\n${said.join("\n")}` : `${subject.description} ${said.join(" ")}`;
}

function commandRows(command: Command): Row[] {
  const rows = shownCommands(command).map((one): Row => {
    const aliases = one.aliases();
    const summary = one.summary() || one.description();
    return [one.name(), aliases.length === 0 ? summary : `${summary} [aliases: ${aliases.join(", ")}]`];
  });
  return [...rows, ["help", "Print the help of the program or of a subcommand"]];
}

function section(title: string, rows: readonly Row[], isLong: boolean): string[] {
  if (rows.length === 0) return [];
  const isNarrow = rows.every(([term, text]) => term.length < 34 && !text.includes("\n"));
  const body = isLong
    ? belowEachOther(rows, "\n\n")
    : isNarrow
      ? besideEachOther(rows)
      : belowEachOther(rows, "\n");
  return [`${title}:\n${body}`];
}

/**
 * The help of a command.
 *
 * @param isLong - by `--help` or `help`; short by `-h`
 */
export function helpText(command: Command, isLong: boolean): string {
  const about = command.description();
  const argumentRows = command.registeredArguments.map(
    (argument): Row => [argumentTerm(argument), describe(argument, isLong)],
  );
  const optionRows = command.options
    .filter((option) => !option.hidden)
    .map((option): Row => [optionFlags(option), describe(option, isLong)]);
  // The version comes last, as everywhere.
  const isVersion = ([term]: Row) => term === "-V, --version";
  const helpRow: Row = [
    "-h, --help",
    isLong ? "Print this help (see a summary with '-h')" : "Print help (see more with '--help')",
  ];
  const options = [
    ...optionRows.filter((row) => !isVersion(row)),
    helpRow,
    ...optionRows.filter((row) => isVersion(row)),
  ];
  const commands = shownCommands(command).length === 0 ? [] : commandRows(command);
  const paragraphs = [
    ...(about === "" ? [] : [wrap(isLong ? about : (about.split("\n")[0] ?? ""), 0)]),
    usageLines(command),
    ...(commands.length === 0 ? [] : [`Commands:\n${besideEachOther(commands)}`]),
    ...section("Arguments", argumentRows, isLong),
    ...section("Options", options, isLong),
  ];
  return `${paragraphs.join("\n\n")}\n`;
}
