// The commands, as the launcher starts them: `codex-responses-api-proxy NAME …`. Only the file of the
// command that is called is loaded, and nothing of it in the process that holds the key.

import { Command, CommanderError } from "commander";
import type { CommandName } from "../command-list.ts";
import { version } from "../version.ts";
import { commandFiles } from "./command-files.ts";
import { CommandError } from "./errors.ts";
import { sayError } from "./terminal.ts";

async function main(): Promise<void> {
  const [name, ...args] = process.argv.slice(2);
  if (name === undefined || !isCommand(name)) throw new CommandError("CMD_USAGE", "there is no such command");
  const { command } = await commandFiles[name]();
  refuseBadUsage(command);
  const program = new Command("codex-responses-api-proxy")
    .version(version)
    .enablePositionalOptions()
    .addCommand(command);
  await program.parseAsync([name, ...args], { from: "user" });
}

function isCommand(name: string): name is CommandName {
  return Object.hasOwn(commandFiles, name);
}

function refuseBadUsage(command: Command): void {
  command
    .helpOption("-h, --help", "print this help")
    .configureOutput({ writeErr: () => {} })
    .exitOverride();
  for (const below of command.commands) refuseBadUsage(below);
}

// Quotes no argument: it may be a key, put where it does not belong.
function toUsageError(error: CommanderError): CommandError {
  const quoted = /'(-[^']*)'/.exec(error.message)?.[1] ?? "";
  const isUnknown = error.code === "commander.unknownOption" || error.code === "commander.unknownCommand";
  const isQuotable = /^--?[a-z-]{1,24}$/.test(quoted);
  const message = isUnknown && !isQuotable ? "an argument is unknown" : error.message;
  return new CommandError("CMD_USAGE", message.replace(/^error: /, "").replace(/\.$/, ""));
}

function leave(error: unknown): never {
  if (error instanceof CommanderError && error.exitCode === 0) process.exit(0);
  const told = error instanceof CommanderError ? toUsageError(error) : error;
  const { message, hint, exitCode } = told as { message?: string; hint?: string; exitCode?: number };
  if (exitCode !== undefined) {
    sayError(message ?? "", hint);
    process.exit(exitCode);
  }
  const { name, code } = told as { name?: string; code?: string };
  sayError(`unexpected failure: ${name ?? "unknown"} ${code ?? ""}`.trimEnd(), "please report it");
  process.exit(1);
}

process.on("uncaughtException", leave);
process.on("unhandledRejection", leave);
main().catch(leave);
