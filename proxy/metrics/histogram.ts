// Counts of durations by upper bounds, as Prometheus has them. Observing one is a few comparisons: it is
// done for every read of every stream.

export class Histogram {
  /** upper bounds in seconds, ascending */
  readonly bounds: readonly number[];
  readonly #counts: Float64Array;
  #sumSeconds = 0;

  constructor(bounds: readonly number[]) {
    this.bounds = bounds;
    this.#counts = new Float64Array(bounds.length + 1);
  }

  get sumSeconds(): number {
    return this.#sumSeconds;
  }

  observe(durationMs: number): void {
    const seconds = durationMs / 1000;
    this.#sumSeconds += seconds;
    let i = 0;
    while (i < this.bounds.length && seconds > (this.bounds[i] as number)) i++;
    this.#counts[i] = (this.#counts[i] as number) + 1;
  }

  /** How many were at most each bound, and at last how many there were. */
  cumulative(): readonly number[] {
    let sum = 0;
    return Array.from(this.#counts, (count) => {
      sum += count;
      return sum;
    });
  }
}
