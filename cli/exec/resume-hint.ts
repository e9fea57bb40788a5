// The command that goes on with a session, as it can be pasted.

import { shellWord } from "../../agent/shell-word.ts";

/** @param proxy - of `--proxy`: whoever had to say it has to say it again */
export function resumeCommand(threadId: string, proxy: string | undefined): string {
  const way = proxy === undefined || proxy === "" ? "" : ` --proxy ${shellWord(proxy)}`;
  return `codex exec${way} resume ${threadId}`;
}
