// The terminals that the model has open, by number. There are never more than a few dozen, and none is left
// when the thread is closed.

import type { TerminalSession } from "../../execution/executor.ts";
import type { CommandItem } from "../command-item.ts";

export interface OpenSession {
  readonly terminal: TerminalSession;
  readonly item: CommandItem;
  readonly startedAt: number;
}

export class Sessions {
  readonly #maxCount: number;
  readonly #open = new Map<number, OpenSession>();
  #nextId = 0;

  constructor(maxCount: number) {
    this.#maxCount = maxCount;
  }

  /** Whether one more may be opened beside those that start; those that have ended and that nobody asked for are given up for it. */
  hasRoom(starting: number): boolean {
    for (const [id, session] of this.#open) {
      if (this.#open.size + starting < this.#maxCount) break;
      if (session.terminal.exitCode !== undefined) this.end(id);
    }
    return this.#open.size + starting < this.#maxCount;
  }

  add(session: OpenSession): number {
    const id = this.#nextId++;
    this.#open.set(id, session);
    return id;
  }

  get(id: number): OpenSession | undefined {
    return this.#open.get(id);
  }

  /** Forget one that has ended, and kill one that has not; its item ends with it. */
  end(id: number): void {
    const session = this.#open.get(id);
    if (session === undefined) return;
    this.#open.delete(id);
    endSession(session);
  }

  endAll(): void {
    for (const id of [...this.#open.keys()]) this.end(id);
  }
}

/** Kill what runs, and tell how far it came. */
export function endSession({ terminal, item, startedAt }: OpenSession): void {
  const { exitCode } = terminal;
  if (exitCode === undefined) {
    terminal.kill();
    item.fail();
  } else item.finish({ exitCode, durationMs: performance.now() - startedAt, output: item.told });
}
