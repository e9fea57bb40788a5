// Time and chance, as a parameter of what waits and backs off.

import { setTimeout as sleep } from "node:timers/promises";

export interface Clock {
  /** Unix time in milliseconds */
  now(): number;
  /** rejects with an AbortError when the signal comes first */
  sleep(ms: number, signal: AbortSignal): Promise<void>;
  /** 0 to 1 */
  random(): number;
}

export const systemClock: Clock = {
  now: Date.now,
  sleep: (ms, signal) => sleep(ms, undefined, { signal }),
  random: Math.random,
};

/** How long to wait before the n-th repetition, counted from 1: 200 ms, doubled each time, ±10 %. */
export function backoffMs(repetition: number, clock: Clock): number {
  return 200 * 2 ** (repetition - 1) * (0.9 + 0.2 * clock.random());
}
