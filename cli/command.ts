// What a subcommand is to the program: an entry in the table, and a module that is loaded when it is called.

import type { Command } from "commander";
import type { Environment } from "../agent/environment.ts";

/** What every subcommand may use of the process that runs it. */
export interface Session {
  /** as the user has it, with what the launcher hid from Node */
  readonly environment: Environment;
  /** absolute path of the native launcher, which is also codex-linux-sandbox and apply_patch by argv[0] */
  readonly launcher: string | undefined;
  /** numbers of signals that the user has the program ignore, as nohup(1) does */
  readonly ignoredSignals?: readonly number[];
  readonly stdin: NodeJS.ReadStream;
  readonly stdout: NodeJS.WriteStream;
  readonly stderr: NodeJS.WriteStream;
}

/** The module of one subcommand. */
export interface CommandModule {
  /**
   * Add options, arguments, nested subcommands and actions to a command that has its name and summary.
   * Actions return the exit status, or undefined for 0; what they throw becomes `Error: …`, exit 1.
   */
  configure(command: Command, session: Session): void;
}

/** One row of the table of subcommands. */
export interface CommandEntry {
  readonly name: string;
  readonly aliases: readonly string[];
  /** one line of help, without a full stop */
  readonly summary: string;
  readonly isHidden: boolean;
  load(): Promise<CommandModule>;
}
