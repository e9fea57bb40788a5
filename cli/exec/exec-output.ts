// What the two forms of output of `codex exec` have in common.

import type { ThreadEvent } from "../../agent/thread/thread-events.ts";

/** Where text goes. */
export interface TextSink {
  write(text: string): unknown;
}

/** Shows a run, event by event. */
export interface ExecOutput {
  show(event: ThreadEvent): void;
}

/** The notice that an answer broke off and is asked for again; scripts know it. */
export function retryNotice({ repetition, limit }: { repetition: number; limit: number }): string {
  return `Re-connecting... ${repetition}/${limit}`;
}
