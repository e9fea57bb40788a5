// What is told of a command while it runs: one item, started once however often it is tried, and ended once.

import type { CommandResult } from "../execution/executor.ts";
import { OutputCapture } from "../execution/output-capture.ts";
import type { ThreadItemBody } from "../thread/thread-events.ts";
import type { ItemReporter } from "./tool.ts";

type CommandBody = Extract<ThreadItemBody, { type: "command_execution" }>;
type CommandFacts = Pick<CommandBody, "callId" | "command" | "cwd">;

/** Exit code of what never ran, or of which nobody knows how it ended. */
const unknownEnd = -1;

export class CommandItem {
  readonly #items: ItemReporter;
  readonly #facts: CommandFacts;
  readonly #told = new OutputCapture();
  #id: string | undefined;
  #hasEnded = false;

  constructor(items: ItemReporter, facts: CommandFacts) {
    this.#items = items;
    this.#facts = facts;
  }

  start(): void {
    this.#id ??= this.#items.start(this.#body({ aggregatedOutput: "", status: "in_progress" }));
  }

  /** Something was written; `isTold`: and the listener hears of it as it comes. */
  grow(text: string, isTold = true): void {
    if (this.#id === undefined || this.#hasEnded) return;
    this.#told.add(text);
    if (isTold) this.#items.delta(this.#id, text);
  }

  get told(): string {
    return this.#told.output().text;
  }

  finish({ exitCode, durationMs, output }: Pick<CommandResult, "exitCode" | "durationMs" | "output">): void {
    const status = exitCode === 0 ? "completed" : "failed";
    this.#end({ aggregatedOutput: output, exitCode, durationMs, status });
  }

  /** Nobody has allowed it. */
  decline(reason: string): void {
    this.#end({ aggregatedOutput: reason, exitCode: unknownEnd, durationMs: 0, status: "declined" });
  }

  /** It did not come to its end; without a reason, what it wrote stands there. */
  fail(reason?: string): void {
    if (this.#id === undefined) return;
    const aggregatedOutput = reason ?? this.told;
    this.#end({ aggregatedOutput, exitCode: unknownEnd, durationMs: 0, status: "failed" });
  }

  #body(rest: Omit<CommandBody, keyof CommandFacts | "type">): CommandBody {
    return { type: "command_execution", ...this.#facts, ...rest };
  }

  #end(rest: Omit<CommandBody, keyof CommandFacts | "type">): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    if (this.#id === undefined) this.#items.report(this.#body(rest));
    else this.#items.complete(this.#id, this.#body(rest));
  }
}
