// `codex exec`: one prompt, one turn, without a terminal. In this version the model answers; it is offered
// no tools and nothing is run or changed.

import { type Command, Option } from "commander";
import type { Config } from "../../agent/config/config.ts";
import type { Environment } from "../../agent/environment.ts";
import type { ContentPart } from "../../agent/model-client/items.ts";
import type { ThreadEvent } from "../../agent/thread/thread-events.ts";
import { withAlias } from "../arguments/option-traits.ts";
import type { Session } from "../command.ts";
import { loadEffectiveConfig, overrideRefusal } from "../effective-config.ts";
import type { ExecOutput } from "../exec/exec-output.ts";
import { writeLastMessage } from "../exec/last-message.ts";
import { readOutputSchema } from "../exec/output-schema.ts";
import { readPrompt } from "../exec/prompt.ts";
import { RefusedStart } from "../exec/refused-start.ts";
import { addMissingCommand } from "../missing-command.ts";
import { warnOn } from "../notices.ts";
import { addSessionOptions, imagesOf, sessionFlags } from "../options/session-options.ts";
import type { ProgramCommand } from "../program-command.ts";
import { addVersion, matchedRelease, packageVersion } from "../version.ts";

interface ExecValues {
  readonly skipGitRepoCheck?: boolean;
  readonly outputSchema?: string;
  readonly color: "always" | "never" | "auto";
  readonly json?: boolean;
  readonly outputLastMessage?: string;
}

/** Add the options and the action. */
export function configure(command: Command, session: Session): void {
  command
    .description(
      "Answer one prompt without a terminal\n\n" +
        "This version of exec answers and runs no commands yet: the model is offered no tools.",
    )
    .argument("[PROMPT]", "The prompt; `-`, or none, reads it from stdin");
  addVersion(addSessionOptions(command, { isInteractive: false }))
    .addOption(new Option("--skip-git-repo-check", "Work outside of a git repository as well"))
    .addOption(new Option("--output-schema <FILE>", "JSON schema that the last message follows"))
    .addOption(
      new Option("--color <COLOR>", "Colours on stderr").choices(["always", "never", "auto"]).default("auto"),
    )
    .addOption(
      withAlias(new Option("--json", "Print events as JSON, one a line, to stdout"), "--experimental-json"),
    )
    .addOption(new Option("-o, --output-last-message <FILE>", "Write the last message to this file"));
  addMissingCommand(command, "resume");
  // The program's own commands take a status back; commander's type knows nothing of it.
  (command as ProgramCommand).action((prompt: string | undefined) => exec(prompt, command, session));
}

async function exec(argument: string | undefined, command: Command, session: Session): Promise<number> {
  try {
    return await run(argument, command, session);
  } catch (error) {
    const refusal = error instanceof RefusedStart ? error.message : overrideRefusal(error);
    if (refusal === undefined) throw error;
    session.stderr.write(`${refusal}\n`);
    return 1;
  }
}

async function run(argument: string | undefined, command: Command, session: Session): Promise<number> {
  const values = command.opts<ExecValues>();
  const { environment, stderr } = session;
  const prompt = await readPrompt(argument, session.stdin, stderr);
  const schema = values.outputSchema === undefined ? undefined : readOutputSchema(values.outputSchema);
  const flags = sessionFlags(command);
  const warn = warnOn(stderr);
  const { config } = await loadEffectiveConfig(command, session, { ...flags, approvalPolicy: "never" });
  await checkWay(config, environment, warn);
  if (values.skipGitRepoCheck !== true && flags.bypass !== true && !(await isInRepository(config.cwd))) {
    throw new RefusedStart("Not inside a trusted directory and --skip-git-repo-check was not specified.");
  }
  const content = await contentOf(prompt, imagesOf(command));

  let status = 1;
  const output = await outputOf(values, config, prompt, session);
  const listener = (event: ThreadEvent) => {
    output.show(event);
    if (event.type === "turn.completed") status = output.hasFailed() ? 1 : 0;
    if (event.type === "turn.interrupted") status = 0;
  };
  const [{ openThread }, { nobody }] = await Promise.all([
    import("../../agent/engine.ts"),
    import("../../agent/approval/approver.ts"),
  ]);
  const interrupt = new AbortController();
  const onInterrupt = () => interrupt.abort();
  process.once("SIGINT", onInterrupt); // a second one ends the process as usual
  try {
    const thread = await openThread({
      ...{ config, environment, launcher: session.launcher, listener, warn, source: "exec" },
      approver: nobody,
      sender: { originator: "codex_exec", matchedRelease, packageVersion: packageVersion() },
    });
    try {
      await thread.runTurn({
        content,
        signal: interrupt.signal,
        ...(schema !== undefined && { outputSchema: schema }),
      });
    } finally {
      await thread.close();
    }
  } finally {
    process.off("SIGINT", onInterrupt);
  }
  return status;
}

// What is changed there by mistake can be undone.
async function isInRepository(folder: string): Promise<boolean> {
  const { gitRoot } = await import("../../agent/git-root.ts");
  return (await gitRoot(folder)) !== undefined;
}

// Before anything is shown: that `proxy` is one of its forms, or that the stored login is one that the
// administrator allows. A proxy has a key of its own: no stored login is used, and none is looked at.
async function checkWay(config: Config, environment: Environment, warn: (message: string) => void) {
  if (config.proxy !== undefined) {
    const { parseProxyReference } = await import("../../agent/proxy-endpoint/reference.ts");
    parseProxyReference(config.proxy);
    return;
  }
  if (config.forcedLoginMethod === undefined && config.forcedChatgptWorkspaceIds === undefined) return;
  const { enforceLoginRestrictions } = await import("../../agent/auth/login-restrictions.ts");
  try {
    await enforceLoginRestrictions(config, environment, { usesApiKeyVariable: true, warn });
  } catch (error) {
    if ((error as { readonly code?: unknown }).code !== "AUTH_RESTRICTED") throw error;
    throw new RefusedStart((error as Error).message);
  }
}

async function contentOf(prompt: string, images: readonly string[]): Promise<readonly ContentPart[]> {
  const text = { type: "input_text", text: prompt } as const;
  if (images.length === 0) return [text];
  const { imagePart } = await import("../../agent/thread/image-input.ts");
  return [...(await Promise.all(images.map(imagePart))), text];
}

interface Output extends ExecOutput {
  /** whether something that was asked for could not be written */
  hasFailed(): boolean;
}

async function outputOf(
  values: ExecValues,
  config: Config,
  prompt: string,
  session: Session,
): Promise<Output> {
  const { stdout, stderr } = session;
  let hasFailed = false;
  const onLastMessage = (text: string | undefined) => {
    if (values.outputLastMessage === undefined) return;
    hasFailed = !writeLastMessage(values.outputLastMessage, text, stderr);
  };
  if (values.json === true) {
    const { jsonOutput } = await import("../exec/json-output.ts");
    const output = jsonOutput(stdout, stderr);
    const show = (event: ThreadEvent) => {
      output.show(event);
      if (event.type === "turn.completed") onLastMessage(event.lastAgentMessage);
    };
    return { show, hasFailed: () => hasFailed };
  }
  const [{ humanOutput }, { painter }] = await Promise.all([
    import("../exec/human-output.ts"),
    import("../text-style.ts"),
  ]);
  const hasColours = values.color === "always" || (values.color === "auto" && stderr.isTTY === true);
  const output = humanOutput({
    ...{ config, prompt, stdout, stderr, onLastMessage },
    version: packageVersion(),
    paint: painter(hasColours),
    isStdoutTerminal: stdout.isTTY === true,
    isStderrTerminal: stderr.isTTY === true,
  });
  return { show: output.show, hasFailed: () => hasFailed };
}
