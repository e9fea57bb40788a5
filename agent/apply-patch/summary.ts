// What the apply_patch program says when it is done.

import type { FileChange } from "./plan.ts";

const letters = { add: "A", update: "M", delete: "D" } as const;

/** The files of a patch that was applied: added, modified, deleted ones, each kind in the patch's order. */
export function summarize(changes: readonly FileChange[]): string {
  const lines = ["Success. Updated the following files:"];
  for (const kind of ["add", "update", "delete"] as const) {
    for (const change of changes) {
      if (change.kind === kind) lines.push(`${letters[kind]} ${(change.moveTo ?? change.path).written}`);
    }
  }
  return `${lines.join("\n")}\n`;
}
