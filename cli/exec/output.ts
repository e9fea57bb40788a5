// Which form of output a run has: JSON, or for people; with or without colours, with the last message in a
// file where one was named.

import type { Config } from "../../agent/config/config.ts";
import type { ThreadEvent } from "../../agent/thread/thread-events.ts";
import type { Session } from "../command.ts";
import { warnOn } from "../notices.ts";
import { showsColours } from "../terminal-colours.ts";
import type { Paint } from "../text-style.ts";
import { packageVersion } from "../version.ts";
import type { ExecSettings } from "./exec-options.ts";
import type { ExecOutput, TextSink } from "./exec-output.ts";
import { writeLastMessage } from "./last-message.ts";
import type { StatusLine } from "./status-line.ts";

/** The output of one run. */
export interface RunOutput extends ExecOutput {
  /** whether something that was asked for could not be written */
  hasFailed(): boolean;
  /** a word to the user while the run goes on */
  warn(message: string): void;
  /** how to go on with the thread, for whoever sits at a terminal */
  showResumeHint(threadId: string): void;
}

type OutputSettings = Pick<ExecSettings, "color" | "flags" | "isJson" | "lastMessageFile">;

/** Choose the form of output. */
export async function openOutput(
  settings: OutputSettings,
  { config, prompt }: { readonly config: Config; readonly prompt: string },
  session: Session,
): Promise<RunOutput> {
  let hasFailed = false;
  const keepLastMessage = (text: string | undefined, stderr: TextSink) => {
    if (settings.lastMessageFile === undefined) return;
    hasFailed = !writeLastMessage(settings.lastMessageFile, text, stderr);
  };
  const { stdout, stderr } = session;
  if (settings.isJson) {
    const { jsonOutput } = await import("./json-output.ts");
    const output = jsonOutput(stdout, stderr);
    const show = (event: ThreadEvent) => {
      output.show(event);
      if (event.type === "turn.completed") keepLastMessage(event.lastAgentMessage, stderr);
    };
    return { show, hasFailed: () => hasFailed, warn: warnOn(stderr), showResumeHint() {} };
  }

  const [{ humanOutput }, { painter }, { resumeCommand }] = await Promise.all([
    import("./human-output.ts"),
    import("../text-style.ts"),
    import("./resume-hint.ts"),
  ]);
  const hasColours =
    settings.color === "always" || (settings.color === "auto" && showsColours(stderr, session.environment));
  const paint = painter(hasColours);
  const status = await statusOf(session, paint);
  const sink = status?.sink ?? stderr;
  const output = humanOutput({
    ...{ config, prompt, paint, stdout, stderr: sink, version: packageVersion() },
    ...(status !== undefined && { status }),
    isStdoutTerminal: stdout.isTTY === true,
    isStderrTerminal: stderr.isTTY === true,
    onLastMessage: (text) => keepLastMessage(text, sink),
  });
  return {
    show: output.show.bind(output),
    hasFailed: () => hasFailed,
    warn: warnOn(sink),
    showResumeHint(threadId) {
      if (stderr.isTTY !== true) return;
      sink.write(
        `To continue this session, run ${paint("cyan", resumeCommand(threadId, settings.flags.proxy))}\n`,
      );
    },
  };
}

// A terminal that knows how to erase a line.
async function statusOf(
  { stderr, environment }: Session,
  paint: Paint,
): Promise<(StatusLine & { readonly sink: TextSink }) | undefined> {
  if (stderr.isTTY !== true || (environment.TERM ?? "dumb") === "dumb") return undefined;
  const { statusLine } = await import("./status-line.ts");
  return statusLine({
    terminal: stderr,
    paint,
    now: Date.now,
    everySecond: (tick) => {
      const timer = setInterval(tick, 1000);
      timer.unref();
      return () => clearInterval(timer);
    },
  });
}
