// What happened in each of the last seconds: for rates and little charts, without anybody having asked before.

export const rateKinds = ["requests", "refusals", "failures", "tokens", "bytes"] as const;

export type RateKind = (typeof rateKinds)[number];

/** Seconds that are remembered. */
export const rememberedSeconds = 60;

export class RecentRates {
  readonly #counts = new Map(rateKinds.map((kind) => [kind, new Float64Array(rememberedSeconds)]));
  #second = RecentRates.#now();

  static #now(): number {
    return Math.floor(performance.now() / 1000);
  }

  add(kind: RateKind, count: number): void {
    if (RecentRates.#now() !== this.#second) this.#goOn();
    const counts = this.#counts.get(kind) as Float64Array;
    const at = this.#second % rememberedSeconds;
    counts[at] = (counts[at] as number) + count;
  }

  /** By second, the oldest first; the present one, which is not over, is left out. */
  history(kind: RateKind): readonly number[] {
    this.#goOn();
    const counts = this.#counts.get(kind) as Float64Array;
    return Array.from(
      { length: rememberedSeconds - 1 },
      (_, i) => counts[(this.#second + 1 + i) % rememberedSeconds] as number,
    );
  }

  #goOn(): void {
    const now = RecentRates.#now();
    const first = Math.max(this.#second + 1, now - rememberedSeconds + 1);
    for (let second = first; second <= now; second++) {
      for (const counts of this.#counts.values()) counts[second % rememberedSeconds] = 0;
    }
    this.#second = now;
  }
}
