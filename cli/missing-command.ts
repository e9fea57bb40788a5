// Subcommands of the original that this version does not have. Each is known by name, so that it is refused
// by that name and never taken for a prompt.

import type { Command } from "commander";
import { AgentError } from "../agent/errors.ts";
import { commandPath } from "./usage.ts";
import { matchedRelease } from "./version.ts";

const missing = new WeakSet<Command>();

/** Let a command know a subcommand that is not there. Help and completion leave it out. */
export function addMissingCommand(outer: Command, name: string, aliases: readonly string[] = []): void {
  missing.add(outer.command(name, { hidden: true }).aliases(aliases));
}

/**
 * Called before anything that is said to a command is read.
 *
 * @throws AgentError where the command is a missing one
 */
export function refuseMissingCommand(command: Command): void {
  if (!missing.has(command)) return;
  const path = commandPath(command);
  throw new AgentError(`\`${path}\` is not part of this version`, {
    code: "CLI_MISSING_COMMAND",
    hint: `the original has it and reads the same files: npx -y @openai/${path.replace(" ", `@${matchedRelease} `)}`,
  });
}
