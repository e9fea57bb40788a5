// `codex completion SHELL`: a completion script, made of the same definitions by which the program reads
// its arguments.

import { Argument, type Command } from "commander";
import { features } from "../../agent/features/registry.ts";
import { shownCommands } from "../arguments/commander-details.ts";
import type { Session } from "../command.ts";
import { completionTree } from "../completion/completion-tree.ts";
import { type CompletionTables, completionTables } from "../completion/tables.ts";

type Shell = "bash" | "elvish" | "fish" | "powershell" | "zsh";

const scripts: Readonly<Record<Shell, () => Promise<(tables: CompletionTables) => string>>> = {
  bash: async () => (await import("../completion/bash.ts")).bashScript,
  elvish: async () => (await import("../completion/elvish.ts")).elvishScript,
  fish: async () => (await import("../completion/fish.ts")).fishScript,
  powershell: async () => (await import("../completion/powershell.ts")).powershellScript,
  zsh: async () => (await import("../completion/zsh.ts")).zshScript,
};

/** Add the argument and the action. */
export function configure(command: Command, session: Session): void {
  const shells = Object.keys(scripts);
  command
    .addArgument(new Argument("[SHELL]", "Shell to make the script for").choices(shells).default("bash"))
    .action(async (shell: Shell) => {
      // A program of its own, as this one is busy with the call; every subcommand is wanted, none is run.
      const { buildProgram } = await import("../program.ts");
      const { root, open } = buildProgram(session);
      for (const subcommand of shownCommands(root)) await open(subcommand);
      const names = features.map(({ key }) => key);
      const script = await scripts[shell]();
      session.stdout.write(script(completionTables(completionTree(root, names))));
    });
}
