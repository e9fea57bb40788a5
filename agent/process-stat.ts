// What the kernel tells of a process in /proc/PID/stat, and where a pid means something: a pid alone proves
// nothing, it may be another process's by now. Only Linux has any of it.

import { readFileSync, readlinkSync } from "node:fs";
import { hostname } from "node:os";

/** A process as it was when it was looked at; field numbers are those of proc_pid_stat(5). */
export interface ProcessStat {
  /** field 3: `R`, `S`, `T`, `Z`, … */
  readonly state: string;
  /** whether it has ended, and only waits for its parent to ask how */
  readonly isDead: boolean;
  readonly parent: number;
  readonly group: number;
  readonly session: number;
  /** field 8: the group in the foreground of its terminal, -1 where it has none */
  readonly terminalGroup: number;
  /** field 22, clock ticks after boot: differs for a pid that was given out again */
  readonly startTicks: string;
}

/** @returns undefined where there is no such process, or it is hidden from this user */
export function readProcessStat(pid: number | "self"): ProcessStat | undefined {
  const line = attempt(() => readFileSync(`/proc/${pid}/stat`, "latin1"));
  if (line === undefined) return undefined;
  // The second field, the name in parentheses, may hold blanks and parentheses: the rest follows the last one.
  const fields = line.slice(line.lastIndexOf(")") + 2).split(" ");
  const [state = "", parent, group, session, , terminalGroup] = fields;
  return {
    state,
    isDead: state === "Z" || state === "X",
    parent: Number(parent),
    group: Number(group),
    session: Number(session),
    terminalGroup: Number(terminalGroup),
    startTicks: fields[19] ?? "",
  };
}

/** Which boot of which machine this is. @returns undefined where the kernel does not say */
export function bootId(): string | undefined {
  return attempt(() => readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim());
}

/** In which namespace this process's pids count. @returns undefined where the kernel does not say */
export function pidNamespace(): string | undefined {
  return attempt(() => readlinkSync("/proc/self/ns/pid"));
}

/** Where a pid means the same process: in this namespace, during this boot of this machine. */
export function pidPlace(): string {
  return [hostname(), bootId() ?? "", pidNamespace() ?? ""].join(" ");
}

/** Whether some process has the pid, be it one that this user may not signal. */
export function isPidInUse(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== "ESRCH";
  }
}

function attempt<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}
