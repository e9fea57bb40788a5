// The end of a command before its time: of the command and everything that came out of it, whatever session
// it has made for itself and whatever signals it ignores.

import type { RunningCommand } from "../sandbox/spawn.ts";
import { within } from "./within.ts";

/** What the runner, and then the kernel, may take; a process that waits for a dead disk may never be gone. */
const graceMs = 1_500;

/** Resolves when it is over, or cannot be brought about. */
export async function endCommand(running: RunningCommand, hasRunner: boolean): Promise<void> {
  if (hasRunner) {
    askRunner(running.pid);
    if (await within(running.ended, graceMs)) return;
  }
  running.kill();
  await within(running.ended, graceMs);
}

function askRunner(pid: number): void {
  try {
    process.kill(pid, "SIGTERM");
  } catch {
    // it has just ended
  }
}
