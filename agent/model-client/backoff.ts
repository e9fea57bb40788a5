// How long to wait before asking the service again.

import type { Clock } from "../clock.ts";

/** How long to wait before the n-th repetition, counted from 1: 200 ms, doubled each time, ±10 %. */
export function backoffMs(repetition: number, clock: Clock): number {
  return 200 * 2 ** (repetition - 1) * (0.9 + 0.2 * clock.random());
}
