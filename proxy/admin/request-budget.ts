// How often those may ask who may only read: the event loop that answers them is the one that streams.

// A scrape of metrics takes a millisecond or so; `top` asks once a second.
const requestsPerSecond = 20;
const burst = 40;

/** A token bucket that all of them share. */
export class RequestBudget {
  readonly #now: () => number;
  #left = burst;
  #at: number;

  /** @param now - milliseconds that never go back */
  constructor(now = () => performance.now()) {
    this.#now = now;
    this.#at = now();
  }

  /** @returns whether one more request may be answered now; it counts as answered */
  take(): boolean {
    if (!this.hasLeft()) return false;
    this.#left--;
    return true;
  }

  /** @returns what {@link take} would return */
  hasLeft(): boolean {
    const now = this.#now();
    this.#left = Math.min(burst, this.#left + ((now - this.#at) / 1000) * requestsPerSecond);
    this.#at = now;
    return this.#left >= 1;
  }
}
