// Where a thread is kept. The loop appends what happens, in order, and never waits for it but at the end of
// a turn.

import type { InputItem } from "../model-client/items.ts";
import type { TokenUsage } from "../model-client/usage.ts";
import type { RolloutEntry, SessionMeta } from "./rollout-entry.ts";

export interface ThreadStore {
  /** The store adds the time. What cannot be written is reported by the store, once; the turn goes on. */
  append(...entries: readonly RolloutEntry[]): void;
  /** Resolves when all that was appended is in the file. Never rejects. */
  flush(): Promise<void>;
  close(): Promise<void>;
}

/** Keeps nothing. */
export const forgetful: ThreadStore = { append() {}, async flush() {}, async close() {} };

/** A thread as it was read from its file. */
export interface RecordedThread {
  readonly id: string;
  readonly file: string;
  /** in bytes, when it was read */
  readonly size: number;
  /** how many of them are whole lines: what follows was cut off */
  readonly wholeSize: number;
  readonly meta: SessionMeta;
  /** what the model knew at its end: compactions replayed, calls without an output still in it */
  readonly history: readonly InputItem[];
  readonly totalUsage: TokenUsage | undefined;
  readonly lastUsage: TokenUsage | undefined;
  /** what the next request would send: the last count of this history, and an estimate of what it lacks */
  readonly contextTokens: number;
  /** the last turn_context, for what is told of changes since */
  readonly lastContext: Extract<RolloutEntry, { type: "turn_context" }>["payload"] | undefined;
  /** everything in order, for whoever shows the conversation again */
  readonly entries: readonly RolloutEntry[];
  /** what had to be repaired or left out, in a sentence each */
  readonly warnings: readonly string[];
}
