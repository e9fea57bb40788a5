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

export const systemClock: Clock = {
  now: Date.now,
  sleep: (ms, signal) => sleep(ms, undefined, { signal }),
  after(ms, onElapsed) {
    const timer = setTimeout(onElapsed, ms);
    return () => clearTimeout(timer);
  },
  random: Math.random,
};
