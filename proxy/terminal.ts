// What the proxy says on stderr, in one form. stdout stays empty but for --check, --version, --help.

import { writeErrorLine } from "../hardening/nonblocking-stderr.ts";

export function sayPlain(line: string): void {
  writeErrorLine(line);
}

export function sayWarning(message: string): void {
  writeErrorLine(`codex: warning: ${message}`);
}

export function sayError(message: string, hint?: string): void {
  writeErrorLine(`codex: error: ${message}`);
  if (hint !== undefined) writeErrorLine(`codex: hint: ${hint}`);
}
