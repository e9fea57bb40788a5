// The two kinds of lines on stderr that belong to no command: warnings, and what helps against an error.

import { withVisibleControls } from "../agent/foreign-text.ts";

/** Where warnings and hints go. */
interface NoticeSink {
  write(text: string): unknown;
}

/** Prints each of its messages as a warning; the names of files in them steer no terminal. */
export function warnOn(stderr: NoticeSink): (message: string) => void {
  return (message) => void stderr.write(`warning: ${withVisibleControls(message)}\n`);
}

/** The line that follows an error; nothing where nobody knows what helps. */
export function hintLine({ hint }: { readonly hint?: string | undefined }): string {
  return hint === undefined ? "" : `hint: ${hint}\n`;
}
