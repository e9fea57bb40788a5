// The items of one answer, as they arrive and are told. What an attempt that broke off has brought does not
// count, and its calls never run.

import type { Config } from "../config/config.ts";
import { objectOf } from "../json-object.ts";
import { messageText, type OutputItem, reasoningSummaries, reasoningTexts } from "../model-client/items.ts";
import type { ModelEvent } from "../model-client/model-events.ts";
import type { TokenUsage } from "../model-client/usage.ts";
import type { ThreadItem, ThreadItemBody, ThreadListener } from "./thread-events.ts";

type Settings = Pick<Config, "hideAgentReasoning" | "showRawAgentReasoning">;

/** Takes the events of one answer in their order. */
export class AnswerItems {
  items: OutputItem[] = [];
  lastMessage: string | undefined;
  usage: TokenUsage | undefined;
  readonly #settings: Settings;
  readonly #listener: ThreadListener;
  readonly #nextItemId: () => string;
  #open: ThreadItem | undefined;

  constructor(settings: Settings, listener: ThreadListener, nextItemId: () => string) {
    this.#settings = settings;
    this.#listener = listener;
    this.#nextItemId = nextItemId;
  }

  take(event: ModelEvent): void {
    switch (event.kind) {
      case "item-started":
        this.#start(event.item);
        break;
      case "text-delta":
        if (this.#open?.type === "agent_message") this.#grow(this.#open, event.delta);
        break;
      case "reasoning-delta":
        if (this.#open?.type === "reasoning") this.#grow(this.#open, event.delta);
        break;
      case "reasoning-section":
        if (!this.#settings.hideAgentReasoning) this.#listener({ type: "reasoning.section" });
        break;
      case "item-done":
        this.#finish(event.item);
        break;
      case "rate-limits":
        this.#listener({ type: "rate-limits.updated", limits: event.limits });
        break;
      case "waiting":
        this.#listener({ type: "turn.waiting", waitMs: event.waitMs });
        break;
      case "retrying":
        this.drop();
        this.items = [];
        this.lastMessage = undefined;
        this.#listener({
          type: "turn.retrying",
          repetition: event.repetition,
          limit: event.limit,
          cause: event.cause,
        });
        break;
      case "completed":
        this.drop();
        this.usage = event.usage;
    }
  }

  /** What is kept of an answer that was interrupted: what was said to its end before anything was called. */
  itemsSaid(): readonly OutputItem[] {
    const firstOther = this.items.findIndex(({ type }) => type !== "message" && type !== "reasoning");
    const said = this.items.slice(0, firstOther === -1 ? undefined : firstOther);
    return said.slice(0, said.findLastIndex(({ type }) => type === "message") + 1);
  }

  #start(item: OutputItem): void {
    this.drop();
    if (item.type === "message") this.#open = { id: this.#nextItemId(), type: "agent_message", text: "" };
    else if (item.type === "reasoning" && !this.#settings.hideAgentReasoning) {
      this.#open = { id: this.#nextItemId(), type: "reasoning", text: "" };
    }
    if (this.#open !== undefined) this.#listener({ type: "item.started", item: this.#open });
  }

  #grow(item: ThreadItem, delta: string): void {
    this.#listener({ type: "item.delta", itemId: item.id, delta });
  }

  #finish(item: OutputItem): void {
    this.items.push(item);
    if (item.type === "message") {
      const text = messageText(item);
      this.lastMessage = text;
      this.#complete({ type: "agent_message", text });
    } else if (item.type === "reasoning" && !this.#settings.hideAgentReasoning) {
      for (const text of reasoningSummaries(item)) this.#complete({ type: "reasoning", text });
      const raw = this.#settings.showRawAgentReasoning ? reasoningTexts(item) : [];
      for (const text of raw) this.#complete({ type: "reasoning", text, isRaw: true });
      this.drop();
    } else if (item.type === "web_search_call") {
      const query = objectOf(item.action)?.query;
      if (typeof query === "string") this.#complete({ type: "web_search", query });
    }
  }

  // Several summaries of one item are items of their own to whoever listens.
  #complete(item: ThreadItemBody): void {
    const id = this.#open?.type === item.type ? this.#open.id : this.#nextItemId();
    this.#open = undefined;
    this.#listener({ type: "item.completed", item: { id, ...item } });
  }

  /** The item under way will not be completed. */
  drop(): void {
    if (this.#open !== undefined) this.#listener({ type: "item.dropped", itemId: this.#open.id });
    this.#open = undefined;
  }
}
