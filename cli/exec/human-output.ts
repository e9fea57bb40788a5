// `codex exec` for people: all that happens on stderr, the last message on stdout, so that a pipe gets it
// and nothing else.

import type { Config } from "../../agent/config/config.ts";
import { withVisibleControls } from "../../agent/foreign-text.ts";
import { asksForReasoning } from "../../agent/model-client/request.ts";
import { blendedTotal } from "../../agent/model-client/usage.ts";
import { describePolicy } from "../../agent/sandbox/describe.ts";
import { sandboxPolicy } from "../../agent/sandbox/policy.ts";
import type { ThreadEvent, ThreadItem } from "../../agent/thread/thread-events.ts";
import { hintLine } from "../notices.ts";
import type { Paint } from "../text-style.ts";
import { type ExecOutput, retryNotice, type TextSink } from "./exec-output.ts";

export interface HumanOutputParts {
  readonly config: Config;
  readonly prompt: string;
  readonly version: string;
  readonly stdout: TextSink;
  readonly stderr: TextSink;
  readonly paint: Paint;
  readonly isStdoutTerminal: boolean;
  readonly isStderrTerminal: boolean;
  /** called when the turn is complete, before its token count is shown */
  onLastMessage(text: string | undefined): void;
}

/** The form of output that is neither JSON nor for programs. */
export function humanOutput(parts: HumanOutputParts): ExecOutput {
  const { stdout, stderr, paint, isStdoutTerminal, isStderrTerminal } = parts;
  // The last message is on this terminal already, through stderr.
  const isShownOnce = isStdoutTerminal && isStderrTerminal;
  const say = (text = "") => stderr.write(`${text}\n`);
  const sayOfOthers = (text: string) => say(isStderrTerminal ? withVisibleControls(text) : text);

  function showSummary(threadId: string): void {
    const rule = "--------";
    say(`Codex v${parts.version}`);
    say(rule);
    for (const [name, value] of summary(parts.config, threadId)) say(`${paint("bold", `${name}:`)} ${value}`);
    say(rule);
    say(paint("cyan", "user"));
    sayOfOthers(parts.prompt);
  }

  function showItem(item: ThreadItem): void {
    if (item.type !== "reasoning" && item.type !== "agent_message") return;
    say(paint("speaker", item.type === "reasoning" ? "thinking" : "codex"));
    sayOfOthers(item.text);
  }

  function showResult(text: string): void {
    stdout.write(`${isStdoutTerminal ? withVisibleControls(text) : text}\n`);
  }

  function show(event: ThreadEvent): void {
    switch (event.type) {
      case "thread.started":
        showSummary(event.threadId);
        break;
      case "item.completed":
        showItem(event.item);
        break;
      case "reasoning.section":
        say();
        break;
      case "turn.retrying":
        say(retryNotice(event));
        break;
      case "turn.completed":
        parts.onLastMessage(event.lastAgentMessage);
        showTokens(event);
        if (event.lastAgentMessage !== undefined && !isShownOnce) showResult(event.lastAgentMessage);
        break;
      case "turn.failed":
        stderr.write(`${paint("red", "ERROR:")} `);
        sayOfOthers(event.error.message);
        stderr.write(hintLine(event.error));
        showTokens(event);
        break;
      case "turn.interrupted":
        say("interrupted");
        break;
      case "turn.started":
      case "item.started":
      case "item.delta":
      case "item.updated":
      case "item.dropped":
      case "input.taken":
      case "usage.updated":
      case "turn.diff":
      case "rate-limits.updated":
    }
  }

  function showTokens({
    totalUsage,
  }: Extract<ThreadEvent, { type: "turn.completed" | "turn.failed" }>): void {
    if (totalUsage === undefined) return;
    say(paint("speaker", "tokens used"));
    say(blendedTotal(totalUsage).toLocaleString("en-US"));
  }
  return { show };
}

function summary(config: Config, threadId: string): readonly (readonly [name: string, value: string])[] {
  return [
    ["workdir", config.cwd],
    ["model", config.model],
    config.proxy === undefined ? ["provider", config.modelProvider.id] : ["proxy", config.proxy],
    ["approval", config.approvalPolicy],
    ["sandbox", describePolicy(sandboxPolicy(config))],
    ...(asksForReasoning(config)
      ? ([
          ["reasoning effort", config.modelReasoningEffort ?? "none"],
          ["reasoning summaries", config.modelReasoningSummary],
        ] as const)
      : []),
    ["session id", threadId],
  ];
}
