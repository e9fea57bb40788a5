// A limit on how long something is waited for.

import { setTimeout as sleep } from "node:timers/promises";

/**
 * Whether something comes about in time; what is late goes on by itself.
 *
 * @param comes - must not reject
 */
export async function within(comes: Promise<unknown>, ms: number): Promise<boolean> {
  const over = new AbortController();
  const late = sleep(ms, false, { signal: over.signal }).catch(() => false);
  const inTime = await Promise.race([comes.then(() => true), late]);
  over.abort();
  return inTime;
}
