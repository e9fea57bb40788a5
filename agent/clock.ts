// Time and chance, as a parameter of what waits and backs off.

import { setTimeout as sleep } from "node:timers/promises";

export interface Clock {
  /** Unix time in milliseconds */
  now(): number;
  /** rejects with an AbortError when the signal comes first */
  sleep(ms: number, signal: AbortSignal): Promise<void>;
  /** @returns takes it back, where it has not been called yet */
  after(ms: number, onElapsed: () => void): () => void;
  /** 0 to 1 */
  random(): number;
}

/** Of Node's timers, some 24 days: what is longer would elapse at once. */
const maxTimerMs = 2 ** 31 - 1;

export const systemClock: Clock = {
  now: Date.now,
  sleep: (ms, signal) => sleep(Math.min(ms, maxTimerMs), undefined, { signal }),
  after(ms, onElapsed) {
    const timer = setTimeout(onElapsed, Math.min(ms, maxTimerMs));
    return () => clearTimeout(timer);
  },
  random: Math.random,
};
