// The man page, made from the option table itself, so that it never says what the program does not do.

import type { Command, Option } from "commander";

/** What the option table does not hold. */
export interface ManPageSections {
  readonly version: string;
  /** what each exit status means, in ascending order */
  readonly exitStatus: readonly (readonly [status: string, meaning: string])[];
  /** further sections, in their order; paragraphs of plain text, or `[term, text]` pairs */
  readonly sections: readonly (readonly [
    title: string,
    content: readonly (string | readonly [string, string])[],
  ])[];
}

/**
 * Make a page for section 1 of the manual, in man(7) macros.
 *
 * @param proxy - the option table of the proxy
 * @param commands - its commands, each with options or further commands of its own
 */
export function makeManPage(
  proxy: Command,
  commands: readonly Command[],
  { version, exitStatus, sections }: ManPageSections,
): string {
  const name = proxy.name();
  return lines([
    `.TH ${name.toUpperCase()} 1 "" "${name} ${version}" "User Commands"`,
    ".SH NAME",
    `${name} ${escaped("-")} forward POST /v1/responses with an API key that nobody sees`,
    ".SH SYNOPSIS",
    ...synopsis(name, proxy, commands),
    ".SH DESCRIPTION",
    ...paragraphs(proxy.description()),
    ".SH OPTIONS",
    ...visibleOptions(proxy).flatMap(optionEntry),
    ...(commands.length > 0
      ? [".SH COMMANDS", ...commands.flatMap((command) => commandEntry("", command))]
      : []),
    ".SH EXIT STATUS",
    ...exitStatus.flatMap(([status, meaning]) => entry(bold(status), meaning)),
    ...sections.flatMap(([title, content]) => [
      `.SH ${title}`,
      ...content.flatMap((item) =>
        typeof item === "string" ? [".PP", text(item)] : entry(bold(item[0]), item[1]),
      ),
    ]),
  ]);
}

function synopsis(name: string, proxy: Command, commands: readonly Command[]): string[] {
  return [
    `.B ${escaped(name)}`,
    text(proxy.usage()),
    ...commands
      .flatMap((command) => leavesOf("", command))
      .flatMap(([path, leaf]) => [".br", `.B ${escaped(`${name} ${path}`)}`, text(leaf.usage())]),
  ];
}

/** The commands that do something, each with its names in a row. */
function leavesOf(above: string, command: Command): [path: string, command: Command][] {
  const path = `${above}${command.name()}`;
  if (command.commands.length === 0) return [[path, command]];
  return command.commands.flatMap((inner) => leavesOf(`${path} `, inner));
}

function commandEntry(above: string, command: Command): string[] {
  return leavesOf(above, command).flatMap(([path, leaf]) => [
    `.SS ${escaped(path)}`,
    ...paragraphs(leaf.description()),
    ...visibleOptions(leaf).flatMap(optionEntry),
  ]);
}

function visibleOptions(command: Command): readonly Option[] {
  return command.createHelp().visibleOptions(command);
}

function optionEntry(option: Option): string[] {
  const { defaultValue, defaultValueDescription } = option;
  const isShown = ["string", "number"].includes(typeof defaultValue) || defaultValueDescription !== undefined;
  const byDefault = isShown ? ` (default: ${defaultValueDescription ?? defaultValue})` : "";
  // `-h, --help <VALUE>`: names in bold, what is to be replaced in italics.
  const flags = option.flags
    .split(/(<[^>]*>|\[[^\]]*\])/)
    .map((part) => (/^[<[]/.test(part) ? italic(part.slice(1, -1)) : bold(part)))
    .join("");
  return entry(flags, `${option.description}${byDefault}`);
}

function entry(term: string, description: string): string[] {
  return [".TP", term, text(description)];
}

function paragraphs(description: string): string[] {
  return description.split("\n").flatMap((line) => [".PP", text(line)]);
}

function bold(words: string): string {
  return words === "" ? "" : `\\fB${escaped(words)}\\fR`;
}

function italic(words: string): string {
  return `\\fI${escaped(words)}\\fR`;
}

/** A line of its own: one that began with a dot or an apostrophe would be a request. */
function text(words: string): string {
  return `\\&${escaped(words)}`;
}

// A plain hyphen may become a dash of another character, which cannot be pasted.
function escaped(words: string): string {
  return words.replaceAll("\\", "\\e").replaceAll("-", "\\-").replaceAll("\n", " ").replaceAll("…", "...");
}

function lines(all: readonly string[]): string {
  return `${all.join("\n")}\n`;
}
