// What a thread has cost, and how full the model's window is: by the service's last count, and an estimate of
// what has come since.

import { estimatedTokens } from "../conversation/token-estimate.ts";
import type { InputItem } from "../model-client/items.ts";
import { addUsage, type TokenUsage } from "../model-client/usage.ts";

/** The tokens of one thread. */
export class TokenAccount {
  #total: TokenUsage | undefined;
  #own: TokenUsage | undefined;
  #last: TokenUsage | undefined;
  #contextTokens: number;

  /** @param contextTokens - of what a recorded thread begins with */
  constructor(total: TokenUsage | undefined, last: TokenUsage | undefined, contextTokens = 0) {
    this.#total = total;
    this.#last = last;
    this.#contextTokens = contextTokens;
  }

  /** of the whole thread; undefined where the service counts nothing */
  get total(): TokenUsage | undefined {
    return this.#total;
  }

  /** of what this process has asked for */
  get own(): TokenUsage | undefined {
    return this.#own;
  }

  get last(): TokenUsage | undefined {
    return this.#last;
  }

  /** what the next request would send */
  get contextTokens(): number {
    return this.#contextTokens;
  }

  /** The service has counted a request and its answer. */
  counted(usage: TokenUsage): void {
    this.#total = this.#total === undefined ? usage : addUsage(this.#total, usage);
    this.#own = this.#own === undefined ? usage : addUsage(this.#own, usage);
    this.#last = usage;
    this.#contextTokens = usage.totalTokens;
  }

  /** The same for a request that is no part of the history: it says nothing of the window. */
  countedAside(usage: TokenUsage): void {
    const contextTokens = this.#contextTokens;
    this.counted(usage);
    this.#contextTokens = contextTokens;
  }

  /** Items have been added that no count contains. */
  added(items: readonly InputItem[]): void {
    if (items.length > 0) this.#contextTokens += estimatedTokens(items);
  }

  /** Nothing is left of what was counted. */
  replaced(history: readonly InputItem[]): void {
    this.#contextTokens = estimatedTokens(history);
  }

  /** The service says that there is no room. */
  filled(windowTokens: number | undefined): void {
    this.#contextTokens = Math.max(this.#contextTokens, windowTokens ?? 0);
  }
}
