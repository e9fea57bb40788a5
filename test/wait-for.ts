// Waits for what must come about, so that no test depends on how long it takes.

import { setTimeout as sleep } from "node:timers/promises";

/** @returns whether the condition came to hold in time */
export async function comesTrue(condition: () => boolean, timeoutMs = 5000): Promise<boolean> {
  const deadline = performance.now() + timeoutMs;
  while (!condition()) {
    if (performance.now() > deadline) return false;
    await sleep(3);
  }
  return true;
}

/** Wait for a condition. @throws {Error} when it does not come to hold in time */
export async function waitFor(condition: () => boolean, what: string, timeoutMs = 5000): Promise<void> {
  if (!(await comesTrue(condition, timeoutMs))) throw new Error(`timed out waiting for ${what}`);
}
