// `codex exec` for people: all that happens on stderr, the last message on stdout, so that a pipe gets it
// and nothing else.

import type { Config } from "../../agent/config/config.ts";
import { withVisibleControls } from "../../agent/foreign-text.ts";
import { blendedTotal, type TokenUsage } from "../../agent/model-client/usage.ts";
import type { ThreadEvent, ThreadItem } from "../../agent/thread/thread-events.ts";
import { durationText } from "../duration.ts";
import { hintLine } from "../notices.ts";
import type { Paint } from "../text-style.ts";
import { type ExecOutput, retryNotice, type TextSink } from "./exec-output.ts";
import { harmlessItem } from "./harmless-item.ts";
import {
  changeEnd,
  changesText,
  commandEnd,
  commandLine,
  diffText,
  planText,
  toolCallEnd,
  toolCallText,
} from "./human-items.ts";
import { compactionNotice } from "./json-items.ts";
import type { StatusLine } from "./status-line.ts";
import { sessionSummary } from "./summary.ts";

export interface HumanOutputParts {
  readonly config: Config;
  readonly prompt: string;
  readonly version: string;
  readonly stdout: TextSink;
  readonly stderr: TextSink;
  readonly paint: Paint;
  readonly isStdoutTerminal: boolean;
  readonly isStderrTerminal: boolean;
  /** what goes on at the moment, on the last line of a terminal */
  readonly status?: StatusLine;
  /** called when the turn is complete, before its token count is shown */
  onLastMessage(text: string | undefined): void;
}

/** The form of output that is neither JSON nor for programs. */
export function humanOutput(parts: HumanOutputParts): ExecOutput {
  return new HumanOutput(parts);
}

class HumanOutput implements ExecOutput {
  readonly #parts: HumanOutputParts;
  readonly #paint: Paint;
  /** the command that was named last, as long as nothing else was said; in a log its line has no end yet */
  #named: { readonly id: string; readonly isLineOpen: boolean } | undefined;
  readonly #running = new Set<string>();
  #changeCount = 0;
  #lastDiff = "";

  constructor(parts: HumanOutputParts) {
    this.#parts = parts;
    this.#paint = parts.paint;
  }

  show(event: ThreadEvent): void {
    const { status } = this.#parts;
    switch (event.type) {
      case "thread.started":
        this.#showSummary(event.threadId);
        break;
      case "turn.started":
        status?.begin("Working");
        break;
      case "item.started":
        this.#showStart(this.#forReader(event.item));
        break;
      case "item.updated":
        if (event.item.type === "plan") this.#showPlan(this.#forReader(event.item));
        break;
      case "item.completed":
        this.#showEnd(this.#forReader(event.item));
        break;
      case "item.dropped":
        this.#running.delete(event.itemId);
        break;
      case "reasoning.section":
        this.#say();
        break;
      case "turn.retrying":
        this.#say(retryNotice(event));
        break;
      case "turn.waiting":
        this.#say(waitNotice(event.waitMs));
        break;
      case "turn.diff":
        this.#lastDiff = event.unifiedDiff;
        break;
      case "turn.completed":
        status?.end();
        this.#showDiff();
        this.#parts.onLastMessage(event.lastAgentMessage);
        this.#showTokens(event.totalUsage);
        if (event.lastAgentMessage !== undefined) this.#showResult(event.lastAgentMessage);
        break;
      case "turn.failed":
        status?.end();
        this.#showDiff();
        this.#sayOfOthers(event.error.message, `${this.#paint("red", "ERROR:")} `);
        this.#write(hintLine(event.error));
        this.#showTokens(event.totalUsage);
        break;
      case "turn.interrupted":
        status?.end();
        this.#say("interrupted");
        break;
      case "item.delta":
      case "input.taken":
      case "usage.updated":
      case "rate-limits.updated":
    }
  }

  #write(text: string): void {
    if (text !== "") this.#parts.stderr.write(text);
  }

  #endLine(): void {
    if (this.#named?.isLineOpen === true) this.#write("\n");
    this.#named = undefined;
  }

  #say(text = ""): void {
    this.#endLine();
    this.#write(`${text}\n`);
  }

  #sayOfOthers(text: string, before = ""): void {
    this.#endLine();
    this.#write(`${before}${this.#harmless(text)}\n`);
  }

  #harmless(text: string): string {
    return this.#parts.isStderrTerminal ? withVisibleControls(text) : text;
  }

  #forReader<Item extends ThreadItem>(item: Item): Item {
    return this.#parts.isStderrTerminal ? harmlessItem(item) : item;
  }

  #showSummary(threadId: string): void {
    const rule = "--------";
    this.#say(`Codex v${this.#parts.version}`);
    this.#say(rule);
    for (const [name, value] of sessionSummary(this.#parts.config, threadId)) {
      this.#sayOfOthers(value, `${this.#paint("bold", `${name}:`)} `);
    }
    this.#say(rule);
    this.#say(this.#paint("cyan", "user"));
    this.#sayOfOthers(this.#parts.prompt);
  }

  #speaker(name: string): void {
    this.#say(this.#paint("speaker", name));
  }

  #showStart(item: ThreadItem): void {
    const { status } = this.#parts;
    switch (item.type) {
      case "command_execution": {
        this.#speaker("exec");
        // A terminal shows below it that the command runs.
        this.#write(`${commandLine(item, this.#paint)}${status === undefined ? "" : "\n"}`);
        this.#named = { id: item.id, isLineOpen: status === undefined };
        this.#running.add(item.id);
        status?.begin("Running");
        break;
      }
      case "file_change":
        this.#showChanges(item);
        this.#running.add(item.id);
        break;
      case "mcp_tool_call":
        this.#say(`${this.#paint("speaker", "tool")} ${toolCallText(item)}`);
        this.#running.add(item.id);
        status?.begin("Running");
        break;
      case "plan":
        this.#showPlan(item);
        break;
      // Shown when they are whole.
      case "agent_message":
      case "reasoning":
      case "web_search":
      case "image_view":
      case "compaction":
      case "error":
    }
  }

  #showEnd(item: ThreadItem): void {
    switch (item.type) {
      case "agent_message":
      case "reasoning":
        this.#speaker(item.type === "reasoning" ? "thinking" : "codex");
        this.#say(item.text);
        break;
      case "command_execution":
        this.#showCommandEnd(item);
        break;
      case "file_change":
        if (!this.#running.delete(item.id)) this.#showChanges(item);
        if (item.status === "completed") this.#changeCount++;
        this.#say(changeEnd(item, this.#paint));
        break;
      case "mcp_tool_call":
        this.#running.delete(item.id);
        this.#say(`${toolCallText(item)} ${toolCallEnd(item, this.#paint)}`);
        this.#parts.status?.begin("Working");
        break;
      case "web_search":
        this.#say(`🌐 Searched: ${item.query}`);
        break;
      case "image_view":
        this.#say(`viewed image ${item.path}`);
        break;
      case "compaction":
        this.#speaker("codex");
        this.#say(compactionNotice);
        break;
      case "error":
        this.#say(`${this.#paint("yellow", "warning:")} ${item.message}`);
        break;
      case "plan": // its last state has been shown
    }
  }

  #showCommandEnd(item: Extract<ThreadItem, { type: "command_execution" }>): void {
    this.#running.delete(item.id);
    if (this.#named?.id === item.id) {
      this.#named = undefined;
      this.#write(` ${commandEnd(item, this.#paint)}\n`);
    } else {
      // Others have spoken since it began: the command is named again.
      this.#speaker("exec");
      this.#say(`${commandLine(item, this.#paint)} ${commandEnd(item, this.#paint)}`);
    }
    if (this.#running.size === 0) this.#parts.status?.begin("Working");
  }

  #showChanges(item: Extract<ThreadItem, { type: "file_change" }>): void {
    this.#speaker("file update");
    this.#say(changesText(item.changes, this.#paint));
  }

  #showPlan(item: Extract<ThreadItem, { type: "plan" }>): void {
    this.#speaker("Plan update");
    this.#say(planText(item, this.#paint));
  }

  // A single patch has shown its diff already.
  #showDiff(): void {
    if (this.#changeCount < 2 || this.#lastDiff === "") return;
    this.#speaker("file update:");
    this.#say(diffText(this.#harmless(this.#lastDiff), this.#paint));
  }

  #showTokens(usage: TokenUsage | undefined): void {
    if (usage === undefined) return;
    this.#speaker("tokens used");
    this.#say(blendedTotal(usage).toLocaleString("en-US"));
  }

  // On a terminal that shows stderr too it has been read already.
  #showResult(text: string): void {
    const { stdout, isStdoutTerminal, isStderrTerminal } = this.#parts;
    if (isStdoutTerminal && isStderrTerminal) return;
    stdout.write(`${isStdoutTerminal ? withVisibleControls(text) : text}\n`);
  }
}

function waitNotice(waitMs: number): string {
  const whole = Math.ceil(waitMs / 1000);
  return `The service takes no request now: asking again in ${whole < 60 ? `${whole}s` : durationText(whole * 1000)}`;
}
