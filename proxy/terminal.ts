// What the proxy says on stderr, in one form. stdout stays empty but for --check, --version, --help.

import { writeSync } from "node:fs";

// Synchronously, so that nothing is lost when the process exits next, and so that the order is the
// order of events.
function say(line: string): void {
  try {
    writeSync(2, `${line}\n`);
  } catch {
    // A closed or full stderr must not take the proxy down.
  }
}

export function sayPlain(line: string): void {
  say(line);
}

export function sayWarning(message: string): void {
  say(`codex: warning: ${message}`);
}

export function sayError(message: string, hint?: string): void {
  say(`codex: error: ${message}`);
  if (hint !== undefined) say(`codex: hint: ${hint}`);
}
