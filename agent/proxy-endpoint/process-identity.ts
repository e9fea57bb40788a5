// Whether the process that a server info file names is still that very process: pid, start time in this
// boot, and the boot. A pid alone proves nothing, it may be somebody else's by now.

import fs from "node:fs";

/** As the proxy writes it; the original's files have the pid alone. */
export interface ProcessIdentity {
  readonly pid: number;
  /** clock ticks after boot, field 22 of /proc/PID/stat */
  readonly start_ticks?: number;
  readonly boot_id?: string;
  readonly pid_namespace?: string;
}

/** `unknown` where this process has no way to tell. */
export type Liveness = "alive" | "dead" | "unknown";

/** Say whether that very process runs. */
export function livenessOf({ pid, start_ticks, boot_id, pid_namespace }: ProcessIdentity): Liveness {
  try {
    const ownBoot = fs.readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
    if (boot_id !== undefined && boot_id !== ownBoot) return "dead";
    const ownNamespace = fs.readlinkSync("/proc/self/ns/pid");
    if (pid_namespace !== undefined && pid_namespace !== ownNamespace) return "unknown";
  } catch {
    return "unknown"; // no /proc: macOS
  }
  try {
    const stat = fs.readFileSync(`/proc/${pid}/stat`, "utf8");
    // The second field, the name in parentheses, may hold blanks; field 3 follows the last one.
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    if (fields[0] === "Z" || fields[0] === "X") return "dead";
    if (start_ticks === undefined) return "unknown";
    return Number(fields[19]) === start_ticks ? "alive" : "dead";
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
