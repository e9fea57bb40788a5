// A plan of apply-patch/ as listeners and approvers get to see it.

import type { FileChange as PlannedChange } from "../../apply-patch/plan.ts";
import type { FileChange } from "../../thread/thread-events.ts";

/**
 * @param paths - `absolute`: as the patch has them, from the working directory; `real`: where links lead,
 * which is what is written
 */
export function fileChanges(
  changes: readonly PlannedChange[],
  paths: "absolute" | "real",
): readonly FileChange[] {
  return changes.map((change) => fileChange(change, paths));
}

function fileChange(change: PlannedChange, paths: "absolute" | "real"): FileChange {
  const path = change.path[paths];
  const moveTo = change.moveTo?.[paths];
  switch (change.kind) {
    case "add":
      return { kind: "add", path, content: change.newContent ?? "" };
    case "delete":
      return { kind: "delete", path, content: change.oldContent ?? "" };
    case "update":
      return {
        kind: "update",
        path,
        ...(moveTo !== undefined && { moveTo }),
        unifiedDiff: change.unifiedDiff,
      };
  }
}
