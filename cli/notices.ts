// The two kinds of lines on stderr that belong to no command: warnings, and what helps against an error.

/** Where warnings and hints go. */
interface NoticeSink {
  write(text: string): unknown;
}

/** Prints each of its messages as a warning. */
export function warnOn(stderr: NoticeSink): (message: string) => void {
  return (message) => void stderr.write(`warning: ${message}\n`);
}

/** The line that follows an error; nothing where nobody knows what helps. */
export function hintLine({ hint }: { readonly hint?: string | undefined }): string {
  return hint === undefined ? "" : `hint: ${hint}\n`;
}
