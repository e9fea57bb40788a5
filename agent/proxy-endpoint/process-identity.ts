// Whether the process that a server info file names is still that very process: pid, start time in this
// boot, and the boot. A pid alone proves nothing, it may be somebody else's by now.

import fs from "node:fs";
import { bootId, isPidInUse, pidNamespace, readProcessStat } from "../process-stat.ts";

/** As the proxy writes it; the original's files have the pid alone. */
export interface ProcessIdentity {
  readonly pid: number;
  /** clock ticks after boot */
  readonly start_ticks?: number;
  readonly boot_id?: string;
  readonly pid_namespace?: string;
}

/** `unknown` where this process has no way to tell. */
export type Liveness = "alive" | "dead" | "unknown";

/** Say whether that very process runs. */
export function livenessOf({ pid, start_ticks, boot_id, pid_namespace }: ProcessIdentity): Liveness {
  const ownBoot = bootId();
  const ownNamespace = pidNamespace();
  if (ownBoot === undefined) return "unknown"; // no /proc: macOS
  if (boot_id !== undefined && boot_id !== ownBoot) return "dead";
  if (ownNamespace === undefined) return "unknown";
  if (pid_namespace !== undefined && pid_namespace !== ownNamespace) return "unknown";
  const found = readProcessStat(pid);
  if (found === undefined) return isPidInUse(pid) ? "unknown" : "dead"; // hidden from us (hidepid), or gone
  if (found.isDead) return "dead";
  if (start_ticks === undefined) return "unknown";
  return Number(found.startTicks) === start_ticks ? "alive" : "dead";
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
