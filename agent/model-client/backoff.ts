// How long to wait before asking the service again.

import type { Clock } from "../clock.ts";

/** Behind it are twelve repetitions already; more patience helps nobody. */
const maxBackoffMs = 10 * 60_000;

/** How long to wait before the n-th repetition, counted from 1: 200 ms, doubled each time, ±10 %, 10 min at most. */
export function backoffMs(repetition: number, clock: Clock): number {
  return Math.min(200 * 2 ** (repetition - 1) * (0.9 + 0.2 * clock.random()), maxBackoffMs);
}
