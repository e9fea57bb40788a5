// What tells one process from every other, also from a later one of the same pid: its start time in
// this boot. /proc/PID/stat is readable to every user, unless /proc hides other users' processes.

import fs from "node:fs";

/** As written into server info; absent members could not be had. */
export interface ProcessIdentity {
  readonly pid: number;
  /** clock ticks after boot, field 22 of /proc/PID/stat */
  readonly start_ticks?: number;
  readonly boot_id?: string;
  /** the namespace that the pid belongs to: in another one it means another process, or none */
  readonly pid_namespace?: string;
}

/** `unknown` where this process has no way to tell. */
export type Liveness = "alive" | "dead" | "unknown";

/** Say what the running process is; nothing but the pid where there is no /proc. */
export function ownIdentity(): ProcessIdentity {
  const { pid } = process;
  // Each by itself: with systemd's ProcSubset=pid there is no /proc/sys.
  return {
    pid,
    ...member("start_ticks", () => readStat(pid).startTicks),
    ...member("boot_id", readBootId),
    ...member("pid_namespace", () => fs.readlinkSync("/proc/self/ns/pid")),
  };
}

function member<Name extends string, Value>(name: Name, read: () => Value): { [name in Name]?: Value } {
  try {
    return { [name]: read() } as { [name in Name]: Value };
  } catch {
    return {};
  }
}

/** Say whether that very process still runs. */
export function livenessOf({ pid, start_ticks, boot_id, pid_namespace }: ProcessIdentity): Liveness {
  try {
    if (boot_id !== undefined && boot_id !== readBootId()) return "dead";
    const hasOwnPids = pid_namespace === undefined || pid_namespace === fs.readlinkSync("/proc/self/ns/pid");
    if (!hasOwnPids) return "unknown";
  } catch {
    return "unknown"; // no /proc
  }
  try {
    const { state, startTicks } = readStat(pid);
    if (state === "Z" || state === "X") return "dead"; // ended, its parent has not looked yet
    if (start_ticks === undefined) return "unknown";
    return startTicks === start_ticks ? "alive" : "dead";
  } catch {
    return exists(pid) ? "unknown" : "dead"; // hidden from us (hidepid), or gone
  }
}

/** Real, effective, saved and file system uid of a process; none where they cannot be read. */
export function userIdsOf(pid: number): readonly number[] {
  try {
    const line = /^Uid:(.*)$/m.exec(fs.readFileSync(`/proc/${pid}/status`, "utf8"))?.[1] ?? "";
    return line.trim().split(/\s+/).map(Number);
  } catch {
    return [];
  }
}

function exists(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== "ESRCH";
  }
}

function readStat(pid: number): { state: string; startTicks: number } {
  const stat = fs.readFileSync(`/proc/${pid}/stat`, "utf8");
  // The second field, the name in parentheses, may hold blanks; field 3 follows the last one.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return { state: fields[0] ?? "", startTicks: Number(fields[19]) };
}

function readBootId(): string {
  return fs.readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
}
