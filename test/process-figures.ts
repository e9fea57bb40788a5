// What the kernel says of a running process: descriptors, memory, processor time. A process cannot
// talk these figures down, which is why leaks and busy loops are looked for here.

import { readdirSync, readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";

/** How many descriptors a process has open; undefined where only root may look. */
export function openDescriptors(pid: number): number | undefined {
  try {
    return readdirSync(`/proc/${pid}/fd`).length;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EACCES") return undefined;
    throw error;
  }
}

/** How many bytes of a process are in memory. */
export function residentBytes(pid: number): number {
  return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]) * 1024;
}

/** The processor time that a process has used, in user and in kernel mode. */
export function cpuTimeMs(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  // The second field is the command in parentheses and may hold anything; utime is the 14th.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) * 10; // USER_HZ is 100 on every architecture
}

/** Wait until a process does next to nothing for half a second. @returns false if it never does, as one that spins */
export async function becomesQuiet(pid: number): Promise<boolean> {
  for (let attempt = 0; attempt < 10; attempt++) {
    const from = cpuTimeMs(pid);
    await sleep(500);
    if (cpuTimeMs(pid) - from < 100) return true;
  }
  return false;
}
