// What a listener hears of a patch: nothing while it is checked and asked about, then one item from start
// to end.

import type { CommandResult } from "../../execution/executor.ts";
import type { FileChange } from "../../thread/thread-events.ts";
import type { ItemReporter } from "../tool.ts";

export class PatchItem {
  readonly #items: ItemReporter;
  readonly #body: { type: "file_change"; callId: string; changes: readonly FileChange[] };
  #id: string | undefined;

  constructor(items: ItemReporter, callId: string, changes: readonly FileChange[]) {
    this.#items = items;
    this.#body = { type: "file_change", callId, changes };
  }

  /** A second start, after a refusal by the sandbox, is none. */
  start(): void {
    this.#id ??= this.#items.start({ ...this.#body, status: "in_progress" });
  }

  complete({ durationMs, exitCode, output }: CommandResult, wasAsked: boolean): void {
    const status = exitCode === 0 ? "completed" : "failed";
    this.#end({ ...this.#body, output, exitCode, durationMs, wasAsked, status });
  }

  /** Somebody was asked and said no. */
  decline(): void {
    if (this.#id === undefined) this.#items.report({ ...this.#body, status: "declined" });
    else this.fail(new Error("patch rejected by user"));
  }

  /** It ended without a result; what has never started is not spoken of. */
  fail(error: unknown): void {
    const output = error instanceof Error ? error.message : String(error);
    this.#end({ ...this.#body, output, exitCode: -1, status: "failed" });
  }

  #end(item: Parameters<ItemReporter["report"]>[0]): void {
    if (this.#id !== undefined) this.#items.complete(this.#id, item);
    this.#id = undefined;
  }
}
