// The program `codex`: its own options, the subcommands of the table, and one way from an argument list to
// an exit status. Everything that is printed about a failure is printed here.

import { Argument, type Command, CommanderError } from "commander";
import { AgentError } from "../agent/errors.ts";
import { withVisibleControls } from "../agent/foreign-text.ts";
import { readArguments } from "./arguments/read-arguments.ts";
import type { CommandEntry, Session } from "./command.ts";
import { commandTable, missingCommands } from "./command-table.ts";
import { helpText } from "./help.ts";
import { addMissingCommand, refuseMissingCommand } from "./missing-command.ts";
import { addConfigOptions, namedFeatures } from "./options/config-options.ts";
import { addSessionOptions } from "./options/session-options.ts";
import { ProgramCommand } from "./program-command.ts";
import { hasLostBytes } from "./raw-arguments.ts";
import { notUtf8, UsageError } from "./usage-errors.ts";
import { addVersion, versionLine } from "./version.ts";

const about =
  "Codex command line\n\nWithout a subcommand, options and prompt are those of the terminal interface.";

function addConfigOptionsEverywhere(command: Command): void {
  addConfigOptions(command);
  for (const subcommand of command.commands) addConfigOptionsEverywhere(subcommand);
}

async function refuseUnknownFeatures(command: Command): Promise<void> {
  const names = namedFeatures(command);
  if (names.length === 0) return;
  const { requireFeature } = await import("../agent/features/registry.ts");
  for (const name of names) requireFeature(name);
}

// Neither help nor a process.exit of commander's own: whoever parses decides.
function silence(command: Command): void {
  command.helpOption(false).helpCommand(false).exitOverride();
  command.configureOutput({ writeErr: () => {}, writeOut: () => {} });
  for (const subcommand of command.commands) silence(subcommand);
}

/** The program, and the way to complete a subcommand of it. */
export interface Program {
  readonly root: ProgramCommand;
  /** load the module of a subcommand and let it configure; nested ones come with it */
  open(command: Command): Promise<void>;
}

/** Build the program from its table; no module of a subcommand is loaded. */
export function buildProgram(session: Session, table: readonly CommandEntry[] = commandTable): Program {
  const root = new ProgramCommand("codex").description(about).enablePositionalOptions();
  addVersion(addSessionOptions(addConfigOptions(root)));
  root.addArgument(new Argument("[PROMPT]", "Prompt to start the session with"));
  root.action(() => {
    throw new AgentError("the terminal interface is not part of this version", {
      code: "CLI_NO_TERMINAL_INTERFACE",
      hint: "codex exec PROMPT works without one",
    });
  });
  root.hook("preAction", (_root, command) => refuseUnknownFeatures(command));
  const unopened = new Map<Command, CommandEntry>();
  for (const entry of table) {
    const command = root.command(entry.name, { hidden: entry.isHidden });
    command.aliases(entry.aliases).summary(entry.summary).description(entry.summary);
    unopened.set(command, entry);
  }
  for (const [name, ...aliases] of missingCommands) addMissingCommand(root, name, aliases);
  silence(root);

  async function open(command: Command): Promise<void> {
    refuseMissingCommand(command);
    const entry = unopened.get(command);
    if (entry === undefined) return;
    unopened.delete(command);
    const { configure } = await entry.load();
    addConfigOptions(command);
    configure(command, session);
    addConfigOptionsEverywhere(command);
    silence(command);
  }
  return { root, open };
}

function versionName(command: Command): string {
  return command.parent === null ? "codex-cli" : `${versionName(command.parent)}-${command.name()}`;
}

async function run(argv: readonly string[], session: Session, program: Program): Promise<number> {
  if (hasLostBytes(argv)) throw notUtf8(program.root);
  const reading = await readArguments(program.root, argv, program.open);
  switch (reading.kind) {
    case "help":
      session.stdout.write(helpText(reading.command, reading.isLong));
      return 0;
    case "help-wanted":
      session.stderr.write(helpText(reading.command, false));
      return 2;
    case "version":
      session.stdout.write(`${versionLine(versionName(reading.command))}\n`);
      return 0;
    case "run": {
      // No word of the arguments is to be taken for a subcommand any more.
      (reading.command.commands as Command[]).length = 0;
      (reading.command as ProgramCommand).outerArguments = reading.outer;
      await program.root.parseAsync([...reading.canonical], { from: "user" });
      return (reading.command as ProgramCommand).exitStatus;
    }
  }
}

/** Print what was thrown, and @returns the exit status. No stack trace reaches a user. */
export function reportFailure(error: unknown, stderr: NodeJS.WritableStream): number {
  if (error instanceof UsageError) {
    stderr.write(error.text);
    return error.exitStatus;
  }
  if (error instanceof CommanderError) {
    stderr.write(`${error.message}\n\nFor more information, try '--help'.\n`);
    return 2;
  }
  const message = error instanceof Error ? error.message : String(error);
  // A message may name files, and have words of others in it.
  stderr.write(`Error: ${withVisibleControls(message)}\n`);
  const { hint, exitStatus } = (error ?? {}) as { readonly hint?: unknown; readonly exitStatus?: unknown };
  if (typeof hint === "string") stderr.write(`hint: ${hint}\n`);
  return typeof exitStatus === "number" ? exitStatus : 1;
}

/**
 * Run the program.
 *
 * @param argv - without the names of Node and the script
 * @returns the exit status
 */
export async function runProgram(
  argv: readonly string[],
  session: Session,
  table: readonly CommandEntry[] = commandTable,
): Promise<number> {
  try {
    return await run(argv, session, buildProgram(session, table));
  } catch (error) {
    return reportFailure(error, session.stderr);
  }
}
