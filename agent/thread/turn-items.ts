// The items that the tools of one turn bring about, told as they start, change and end. A plan is one item
// for all of the turn; what a turn leaves open at its end is dropped.

import type { ItemReporter } from "../tools/tool.ts";
import type { ThreadItemBody, ThreadListener } from "./thread-events.ts";

/** Tells of items; the tools of a turn share it. */
export class TurnItems implements ItemReporter {
  readonly #listener: ThreadListener;
  readonly #nextItemId: () => string;
  readonly #open = new Set<string>();
  #plan: { readonly id: string; readonly item: ThreadItemBody } | undefined;

  constructor(listener: ThreadListener, nextItemId: () => string) {
    this.#listener = listener;
    this.#nextItemId = nextItemId;
  }

  start(item: ThreadItemBody): string {
    const id = this.#nextItemId();
    this.#open.add(id);
    this.#listener({ type: "item.started", item: { id, ...item } });
    return id;
  }

  delta(id: string, delta: string): void {
    if (this.#open.has(id) && delta !== "") this.#listener({ type: "item.delta", itemId: id, delta });
  }

  update(id: string, item: ThreadItemBody): void {
    if (this.#open.has(id)) this.#listener({ type: "item.updated", item: { id, ...item } });
  }

  complete(id: string, item: ThreadItemBody): void {
    if (this.#open.delete(id)) this.#listener({ type: "item.completed", item: { id, ...item } });
  }

  report(item: ThreadItemBody): void {
    if (item.type !== "plan") {
      this.#listener({ type: "item.completed", item: { id: this.#nextItemId(), ...item } });
    } else if (this.#plan === undefined) {
      this.#plan = { id: this.start(item), item };
    } else {
      this.#plan = { ...this.#plan, item };
      this.update(this.#plan.id, item);
    }
  }

  /** The turn ends. @param keepsPlan - whether its plan counts as carried out so far */
  end(keepsPlan: boolean): void {
    if (keepsPlan && this.#plan !== undefined) this.complete(this.#plan.id, this.#plan.item);
    for (const itemId of this.#open) this.#listener({ type: "item.dropped", itemId });
    this.#open.clear();
    this.#plan = undefined;
  }
}
