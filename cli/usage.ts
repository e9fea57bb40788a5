// How commands, options and arguments are written in usage lines and messages: in the original's manner,
// `--image <FILE>...` and `codex exec [OPTIONS] [PROMPT]`.

import type { Argument, Command, Option } from "commander";
import { hasAction, shownCommands } from "./arguments/commander-details.ts";

/** `<FILE>` or `<FILE>...` of an option, empty for one that takes no value. */
export function valueTerm(option: Option): string {
  const name = /[<[]([^\]>]+?)(\.\.\.)?[\]>]/.exec(option.flags);
  return name === null ? "" : `<${name[1]}>${name[2] ?? ""}`;
}

/** `--sandbox <SANDBOX_MODE>` */
export function optionTerm(option: Option): string {
  return [option.long ?? option.short ?? "", valueTerm(option)].join(" ").trimEnd();
}

/** `[PROMPT]`, `<NAME>`, `[COMMAND]...` */
export function argumentTerm(argument: Argument): string {
  const name = argument.required ? `<${argument.name()}>` : `[${argument.name()}]`;
  return argument.variadic ? `${name}...` : name;
}

/** The words by which a command is called, the program's name first. */
export function commandPath(command: Command): string {
  return command.parent === null ? command.name() : `${commandPath(command.parent)} ${command.name()}`;
}

/** The lines that begin with `Usage: `, without a newline at the end. */
export function usageLines(command: Command): string {
  const path = commandPath(command);
  if (command.parent === null)
    return `Usage: ${path} [OPTIONS] [PROMPT]\n       ${path} [OPTIONS] <COMMAND> [ARGS]`;
  const parts = [path, "[OPTIONS]", ...command.registeredArguments.map(argumentTerm)];
  if (shownCommands(command).length > 0) parts.push(hasAction(command) ? "[COMMAND]" : "<COMMAND>");
  return `Usage: ${parts.join(" ")}`;
}
