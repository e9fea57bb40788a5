// `codex exec`: one prompt, one turn, without a terminal and without questions.

import { Argument, type Command, Option } from "commander";
import type { Session } from "../command.ts";
import { loadEffectiveConfig, overrideRefusal } from "../effective-config.ts";
import { addExecOptions, execSettings } from "../exec/exec-options.ts";
import type { WantedThread } from "../exec/recorded-thread.ts";
import { RefusedStart } from "../exec/refused-start.ts";
import { configureReview } from "../exec/review.ts";
import type { ExecRun } from "../exec/run.ts";
import type { ProgramCommand } from "../program-command.ts";
import { excludedArgument } from "../usage-errors.ts";
import { addVersion } from "../version.ts";

/** Add the options, the action and the subcommands. */
export function configure(command: Command, session: Session): void {
  command
    .description("Work on one prompt without a terminal")
    .argument("[PROMPT]", "The prompt; `-`, or none, reads it from stdin");
  addVersion(addExecOptions(command, { isResume: false }));
  command.enablePositionalOptions(); // what stands behind a subcommand is the subcommand's
  configureResume(command.command("resume"), session);
  configureReview(command.command("review"), session, command);
  // The program's own commands take a status back; commander's type knows nothing of it.
  (command as ProgramCommand).action((prompt: string | undefined) =>
    exec({ prompt, commands: [command] }, session),
  );
}

interface ResumeValues {
  readonly last?: boolean;
  readonly all?: boolean;
}

function configureResume(command: Command, session: Session): void {
  const lastOption = new Option("--last", "Go on with the last session of this directory");
  const idArgument = new Argument(
    "[SESSION_ID]",
    "Id or name of the session; with --last this is the prompt",
  );
  command
    .summary("Go on with a session: by its id, or the last with --last")
    .description(
      "Go on with a session\n\nThe prompt is the next message of that session. Options before `resume` count too.",
    )
    .addArgument(idArgument)
    .argument("[PROMPT]", "The prompt; `-`, or none, reads it from stdin")
    .addOption(lastOption)
    .addOption(new Option("--all", "With --last: of any directory"));
  addExecOptions(command, { isResume: true });
  (command as ProgramCommand).action((first: string | undefined, second: string | undefined) => {
    const { last = false, all: inAnyFolder = false } = command.opts<ResumeValues>();
    if (last && second !== undefined) throw excludedArgument(command, lastOption, idArgument);
    const [outerPrompt] = (command as ProgramCommand).outerArguments;
    const own = last ? first : second;
    return exec(
      {
        prompt: own ?? outerPrompt,
        commands: [command.parent as Command, command],
        resume: wantedThread(last, inAnyFolder, first),
      },
      session,
    );
  });
}

function wantedThread(isLast: boolean, inAnyFolder: boolean, idOrName: string | undefined): WantedThread {
  if (isLast) return { isLast, inAnyFolder };
  return idOrName === undefined ? { isNone: true } : { idOrName };
}

interface ExecCall extends Pick<ExecRun, "prompt" | "resume"> {
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
