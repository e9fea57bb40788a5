// The few things that commander knows and has no public way to ask for. Nothing else reads a private
// member of it.

import type { Command, Option } from "commander";
import { ProgramCommand } from "../program-command.ts";

/** Whether everything behind its first argument belongs to the command that it runs. */
export function passesOptionsThrough(command: Command): boolean {
  return command instanceof ProgramCommand && command.passesOptionsThrough;
}

/** Whether the command does something by itself, without a subcommand. */
export function hasAction(command: Command): boolean {
  return command instanceof ProgramCommand && command.hasAction;
}

/** The subcommands that help shows. */
export function shownCommands(command: Command): readonly Command[] {
  return command.commands.filter(
    (one) => (one as unknown as { readonly _hidden?: boolean })._hidden !== true,
  );
}

/** Attribute names of the options that exclude this one. */
export function conflictsOf(option: Option): readonly string[] {
  return (option as unknown as { readonly conflictsWith?: readonly string[] }).conflictsWith ?? [];
}
