// All processes that came out of one: for the end of a command that may have started more, and let some of
// them out of its process group. A process that lost every ancestor and made a session of its own is not
// found; under bubblewrap the end of the namespace takes it along.

import { readdirSync } from "node:fs";
import { type ProcessStat, readProcessStat } from "../process-stat.ts";

interface ProcessRow extends ProcessStat {
  readonly pid: number;
}

// Each round finds what was forked during the one before; a fork bomb is left to its limits.
const rounds = 20;

/**
 * Kill a session leader, its group, its session and its descendants with SIGKILL. Without /proc it is the
 * group alone.
 *
 * @param leader - started by us as the leader of a session; may have ended
 */
export function killTree(leader: number): void {
  const sessions = new Set([leader]);
  for (let round = 0; round < rounds; round += 1) {
    const rows = readProcesses();
    if (rows === undefined) {
      kill(-leader);
      return;
    }
    const members = membersOf(leader, sessions, rows);
    if (members.length === 0) return;
    for (const { session } of members) sessions.add(session);
    for (const { pid } of members) kill(pid);
  }
}

// A descendant's session is one of the command's own: it starts in the leader's and can only make new ones.
function membersOf(leader: number, sessions: ReadonlySet<number>, rows: readonly ProcessRow[]): ProcessRow[] {
  const found = new Set(
    rows.filter((row) => row.group === leader || sessions.has(row.session)).map((row) => row.pid),
  );
  found.add(leader);
  for (let size = 0; size !== found.size; ) {
    size = found.size;
    for (const row of rows) if (found.has(row.parent)) found.add(row.pid);
  }
  // The leader's number may long be another's; only its session says that it is ours.
  return rows.filter((row) => found.has(row.pid) && (row.pid !== leader || row.session === leader));
}

function readProcesses(): ProcessRow[] | undefined {
  if (process.platform !== "linux") return undefined;
  try {
    return (
      readdirSync("/proc")
        .filter((name) => /^\d+$/.test(name))
        .map((name) => ({ pid: Number(name), ...readProcessStat(Number(name)) }))
        // What is dead and not yet waited for cannot be killed again.
        .filter((row): row is ProcessRow => row.isDead === false)
    );
  } catch {
    return undefined;
  }
}

function kill(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // ended in the meantime, or not ours to end
  }
}
