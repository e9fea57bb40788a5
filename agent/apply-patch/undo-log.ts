// What has been done so far and how to take it back. Either rolled back or committed, once.

import { systemCode } from "../system-error.ts";

type Action = () => Promise<unknown>;

type Entry =
  | { readonly kind: "undo"; readonly path: string; readonly action: Action }
  /** a file that nobody needs in the end, and that may have taken its place by then */
  | { readonly kind: "temporary" | "backup"; readonly action: Action };

/** The steps of one patch, for as long as they may have to be taken back. */
export class UndoLog {
  readonly #entries: Entry[] = [];

  /** Say how to take back what was just done to a path. */
  add(path: string, action: Action): void {
    this.#entries.push({ kind: "undo", path, action });
  }

  /** Say how to remove a file that is only needed on the way. */
  temporary(action: Action): void {
    this.#entries.push({ kind: "temporary", action });
  }

  /** Say how to remove a backup, before saying how it is put back. */
  backup(action: Action): void {
    this.#entries.push({ kind: "backup", action });
  }

  /** Take everything back, the last first. @returns paths that stayed as they are, with the reason */
  async rollBack(): Promise<string[]> {
    const lost: string[] = [];
    for (const entry of this.#entries.reverse()) {
      if (entry.kind === "undo") {
        await entry.action().catch((error: unknown) => lost.push(`${entry.path} (${systemCode(error)})`));
      } else if (entry.kind === "temporary" || lost.length === 0) {
        await entry.action().catch(() => undefined);
      }
    }
    return lost;
  }

  /** Remove what is no longer needed. */
  async commit(): Promise<void> {
    for (const entry of this.#entries) {
      if (entry.kind !== "undo") await entry.action().catch(() => undefined);
    }
  }
}
