// One run of `codex exec`: a prompt becomes one turn of a new thread, or of one that was recorded.

import { existsSync } from "node:fs";
import type { Config } from "../../agent/config/config.ts";
import type { ContentPart } from "../../agent/model-client/items.ts";
import type { ThreadEvent, ThreadListener } from "../../agent/thread/thread-events.ts";
import type { Session } from "../command.ts";
import { matchedRelease, packageVersion } from "../version.ts";
import type { ExecSettings } from "./exec-options.ts";
import { listenForInterruption } from "./interruption.ts";
import { openOutput } from "./output.ts";
import { readOutputSchema } from "./output-schema.ts";
import { readPrompt } from "./prompt.ts";
import type { WantedThread } from "./recorded-thread.ts";
import { checkWay, requireRepository, warnOfAddedFolders, warnOfServers } from "./start-checks.ts";

export interface ExecRun {
  /** as an argument; undefined and `-` mean stdin */
  readonly prompt: string | undefined;
  readonly settings: ExecSettings;
  loadConfig(): Promise<Config>;
  /** which thread to go on with; undefined begins one */
  readonly resume?: WantedThread;
  /** something to do in place of a prompt */
  readonly task?: ExecTask;
}

/** A prompt that is made when the configuration is known, and a listener of its own for what comes of it. */
export interface ExecTask {
  /** @returns what the model is asked, and what a person is shown of it */
  open(cwd: string): Promise<{ readonly prompt: string; readonly hint: string }>;
  hear(listener: ThreadListener): ThreadListener;
}

/**
 * Run to the end of the turn.
 *
 * @returns the exit status: 1 where the turn failed, or something could not be written
 * @throws {RefusedStart} and {AgentError} before anything was asked of a model
 */
export async function runExec(run: ExecRun, session: Session): Promise<number> {
  const { settings } = run;
  const { environment, launcher, stdin, stderr } = session;
  const given =
    run.task === undefined
      ? await readPrompt(run.prompt, stdin, stderr, run.resume === undefined && settings.images.length > 0)
      : "";
  const { schemaFile, flags } = settings;
  const outputSchema = schemaFile === undefined ? undefined : await readOutputSchema(schemaFile);
  const config = await run.loadConfig();
  const { prompt, hint } = (await run.task?.open(config.cwd)) ?? { prompt: given, hint: given };
  const output = await openOutput(settings, { config, prompt: hint }, session);
  await checkWay(config, environment, output.warn);
  await warnOfAddedFolders(flags, config, output.warn);
  if (!settings.skipsGitCheck && flags.bypass !== true) await requireRepository(config.cwd);
  warnOfServers(config, output.warn);
  const content = await contentOf(prompt, settings.images);
  const resume = run.resume && (await findWanted(run.resume, config, output.warn));

  const [{ openThread }, { nobody }] = await Promise.all([
    import("../../agent/engine.ts"),
    import("../../agent/approval/approver.ts"),
  ]);
  let status = 1;
  const interruption = listenForInterruption(session.ignoredSignals);
  const hear = (event: ThreadEvent) => {
    // Who interrupts knows that what runs comes to nothing; scripts expect no further line.
    if (interruption.signal.aborted && event.type.startsWith("item.")) return;
    output.show(event);
    if (event.type === "turn.completed") status = output.hasFailed() ? 1 : 0;
  };
  const listener = run.task?.hear(hear) ?? hear;
  try {
    const thread = await openThread({
      ...{ environment, launcher, listener, approver: nobody, warn: output.warn },
      // What a person wants to see of the reasoning is no matter of programs.
      config: settings.isJson
        ? { ...config, hideAgentReasoning: false, showRawAgentReasoning: false }
        : config,
      sender: { originator: "codex_exec", matchedRelease, packageVersion: packageVersion() },
      source: "exec",
      isEphemeral: settings.isEphemeral,
      ...(resume !== undefined && { resume }),
    });
    const end = await thread.runTurn({
      ...{ content, signal: interruption.signal },
      ...(outputSchema !== undefined && { outputSchema }),
    });
    if (end === "interrupted") status = 0;
    await thread.close();
    // Where nothing could be recorded there is nothing to resume.
    if (thread.file !== undefined && existsSync(thread.file)) output.showResumeHint(thread.id);
  } finally {
    interruption.release();
  }
  return interruption.end(status);
}

async function findWanted(wanted: WantedThread, config: Config, warn: (message: string) => void) {
  const { recordedThread } = await import("./recorded-thread.ts");
  return recordedThread(wanted, config, warn);
}

async function contentOf(prompt: string, images: readonly string[]): Promise<readonly ContentPart[]> {
  const text = { type: "input_text", text: prompt } as const;
  if (images.length === 0) return [text];
  const { imagePart } = await import("../../agent/thread/image-input.ts");
  return [...(await Promise.all(images.map(imagePart))), text];
}
