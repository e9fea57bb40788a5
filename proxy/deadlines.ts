// Time limits of many requests on one timer. A timer of Node's for each would cost more than a small
// request's headers, and its refresh would be part of every event; here a refresh stores a number.

export interface Deadline {
  /** begin the time anew */
  refresh(): void;
  /** stop watching; without effect when it has expired */
  stop(): void;
}

// A limit is noticed at most a tick late, and a tick is at most a quarter of the shortest limit.
const longestTickMs = 250;

/** Watches over deadlines with a common tick. */
export class Deadlines {
  readonly #tickMs: number;
  readonly #watched = new Set<WatchedDeadline>();
  #timer: NodeJS.Timeout | undefined;
  /** ticks so far */
  #now = 0;

  /** @param limitsMs - those that will be asked for; zeros do not count */
  constructor(limitsMs: readonly number[]) {
    const shortestMs = Math.min(...limitsMs.filter((limitMs) => limitMs > 0));
    this.#tickMs = Math.max(1, Math.min(longestTickMs, Math.floor(shortestMs / 4)));
  }

  /**
   * Watch over a time limit.
   *
   * @param limitMs - 0 for no limit
   * @param onExpired - called once, not before the limit and at most a tick after it
   */
  watch(limitMs: number, onExpired: () => void): Deadline {
    if (limitMs === 0) return unlimited;
    // One more than it takes, for the part of the current tick that has passed.
    const ticks = Math.ceil(limitMs / this.#tickMs) + 1;
    const deadline = new WatchedDeadline(
      ticks,
      onExpired,
      () => this.#now,
      () => this.#watched.delete(deadline),
    );
    this.#watched.add(deadline);
    this.#timer ??= setInterval(() => this.#tick(), this.#tickMs);
    return deadline;
  }

  #tick(): void {
    this.#now++;
    for (const deadline of this.#watched) {
      if (deadline.hasPassed()) {
        this.#watched.delete(deadline);
        deadline.onExpired();
      }
    }
    if (this.#watched.size > 0) return;
    clearInterval(this.#timer); // an idle process is not woken
    this.#timer = undefined;
  }
}

class WatchedDeadline implements Deadline {
  readonly onExpired: () => void;
  readonly stop: () => void;
  readonly #ticks: number;
  readonly #now: () => number;
  #since: number;

  constructor(ticks: number, onExpired: () => void, now: () => number, stop: () => void) {
    this.#ticks = ticks;
    this.#now = now;
    this.#since = now();
    this.onExpired = onExpired;
    this.stop = stop;
  }

  refresh(): void {
    this.#since = this.#now();
  }

  hasPassed(): boolean {
    return this.#now() - this.#since >= this.#ticks;
  }
}

const unlimited: Deadline = { refresh: () => {}, stop: () => {} };
