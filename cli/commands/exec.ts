// `codex exec`: one prompt, one turn, without a terminal and without questions.

import type { Command } from "commander";
import type { Session } from "../command.ts";
import { loadEffectiveConfig, overrideRefusal } from "../effective-config.ts";
import { addExecOptions, execSettings } from "../exec/exec-options.ts";
import { RefusedStart } from "../exec/refused-start.ts";
import { configureReview } from "../exec/review.ts";
import type { ExecRun } from "../exec/run.ts";
import { addMissingCommand } from "../missing-command.ts";
import type { ProgramCommand } from "../program-command.ts";
import { addVersion } from "../version.ts";

/** Add the options, the action and the subcommands. */
export function configure(command: Command, session: Session): void {
  command
    .description("Work on one prompt without a terminal")
    .argument("[PROMPT]", "The prompt; `-`, or none, reads it from stdin");
  addVersion(addExecOptions(command, { isResume: false }));
  addMissingCommand(command, "resume");
  configureReview(command.command("review"), session, command);
  // The program's own commands take a status back; commander's type knows nothing of it.
  (command as ProgramCommand).action((prompt: string | undefined) =>
    exec({ prompt, commands: [command] }, session),
  );
}

interface ExecCall extends Pick<ExecRun, "prompt" | "findThread"> {
  /** of which the options count, the last first */
  readonly commands: readonly Command[];
}

async function exec({ commands, ...call }: ExecCall, session: Session): Promise<number> {
  const settings = execSettings(commands);
  const loadConfig = async () => {
    const command = commands.at(-1) as Command;
    return (await loadEffectiveConfig(command, session, settings.flags)).config;
  };
  const { runExec } = await import("../exec/run.ts");
  try {
    return await runExec({ ...call, settings, loadConfig }, session);
  } catch (error) {
    const refusal = error instanceof RefusedStart ? error.message : overrideRefusal(error);
    if (refusal === undefined) throw error;
    session.stderr.write(`${refusal}\n`);
    return 1;
  }
}
