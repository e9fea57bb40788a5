// `codex review` and `codex exec review`: a run of exec whose prompt is a change to be reviewed, and whose
// last message is the review.

import { type Command, Option } from "commander";
import type { ReviewTarget } from "../../agent/review/review-target.ts";
import type { Session } from "../command.ts";
import { loadEffectiveConfig, overrideRefusal } from "../effective-config.ts";
import type { ProgramCommand } from "../program-command.ts";
import { UsageError } from "../usage-errors.ts";
import { addExecOptions, execSettings } from "./exec-options.ts";
import { readPrompt } from "./prompt.ts";
import { RefusedStart } from "./refused-start.ts";

interface ReviewValues {
  readonly uncommitted?: boolean;
  readonly base?: string;
  readonly commit?: string;
  readonly title?: string;
}

/**
 * Add the options and the action.
 *
 * @param outer - `exec`, where it is a subcommand of that: its options count, too
 */
export function configureReview(command: Command, session: Session, outer?: Command): void {
  command
    .description("Review changes of the current repository")
    .argument("[PROMPT]", "What to review, in your own words; `-` reads it from stdin")
    .addOption(
      new Option("--uncommitted", "Review staged, unstaged and untracked changes").conflicts([
        "base",
        "commit",
      ]),
    )
    .addOption(new Option("--base <BRANCH>", "Review what would come into this branch").conflicts(["commit"]))
    .addOption(new Option("--commit <SHA>", "Review what a commit changes"))
    .addOption(new Option("--title <TITLE>", "Title of the commit, for the summary"));
  addExecOptions(command, { isResume: outer !== undefined });
  (command as ProgramCommand).action((prompt: string | undefined) =>
    review(prompt, command, session, outer === undefined ? [command] : [outer, command]),
  );
}

async function review(
  prompt: string | undefined,
  command: Command,
  session: Session,
  commands: readonly Command[],
): Promise<number> {
  try {
    const target = await targetOf(command, prompt, session);
    const [{ runExec }, { reviewConfig, reviewListener }, { reviewTask }] = await Promise.all([
      import("./run.ts"),
      import("../../agent/review/review-thread.ts"),
      import("../../agent/review/review-target.ts"),
    ]);
    const settings = execSettings(commands);
    const loadConfig = async () =>
      reviewConfig((await loadEffectiveConfig(command, session, settings.flags)).config);
    const task = {
      open: (cwd: string) => reviewTask(target, cwd, session.environment),
      hear: reviewListener,
    };
    return await runExec({ prompt: undefined, settings, loadConfig, task }, session);
  } catch (error) {
    const refusal = error instanceof RefusedStart ? error.message : overrideRefusal(error);
    if (refusal === undefined) throw error;
    session.stderr.write(`${refusal}\n`);
    return 1;
  }
}

/** @throws {UsageError} {RefusedStart} where nothing or too much is named */
async function targetOf(
  command: Command,
  prompt: string | undefined,
  { stdin, stderr }: Session,
): Promise<ReviewTarget> {
  const { uncommitted, base, commit, title } = command.opts<ReviewValues>();
  const named = [
    ["--uncommitted", uncommitted],
    ["--base <BRANCH>", base],
    ["--commit <SHA>", commit],
  ].find(([, value]) => value !== undefined);
  if (named !== undefined && prompt !== undefined) {
    throw new UsageError(`the argument '${named[0]}' cannot be used with '[PROMPT]'`, { usageOf: command });
  }
  if (title !== undefined && commit === undefined) {
    throw new UsageError("the following required arguments were not provided:", {
      details: ["--commit <SHA>"],
      usageOf: command,
    });
  }
  if (uncommitted === true) return { kind: "uncommitted" };
  if (base !== undefined) return { kind: "base", branch: base };
  if (commit !== undefined) return { kind: "commit", sha: commit, ...(title !== undefined && { title }) };
  if (prompt === undefined) {
    throw new RefusedStart(
      "Error: Specify --uncommitted, --base, --commit, or provide custom review instructions",
    );
  }
  return { kind: "custom", instructions: (await readPrompt(prompt, stdin, stderr)).trim() };
}
