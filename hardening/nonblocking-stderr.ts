// Lines on stderr that never hold up the process: when whoever started it has stopped reading, a
// blocking write would stop every stream.

import { writeSync } from "node:fs";
import { native } from "./native.ts";

let droppedLines = 0;

/**
 * Write a line at once, or drop it where that would block or fail. The next line that gets through
 * is preceded by the number of those that did not.
 *
 * @param line - without newline, shorter than 4,096 bytes (PIPE_BUF)
 */
export function writeErrorLine(line: string): void {
  try {
    if (!native.canWrite(2)) {
      droppedLines++;
      return;
    }
    const notice =
      droppedLines === 0 ? "" : `codex: warning: ${droppedLines} earlier messages were dropped\n`;
    writeSync(2, `${notice}${line}\n`);
    droppedLines = 0;
  } catch {
    droppedLines++;
  }
}
