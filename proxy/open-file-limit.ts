// How many files and connections this process may have open.

import { readFileSync } from "node:fs";

/** @returns the limit in force, undefined where it cannot be read; Node raises it to the hard one at start */
export function openFileLimit(): number | undefined {
  try {
    const limits = readFileSync("/proc/self/limits", "latin1");
    return Number(/^Max open files\s+(\d+)/m.exec(limits)?.[1]) || undefined;
  } catch {
    return undefined; // other systems have no such file
  }
}
