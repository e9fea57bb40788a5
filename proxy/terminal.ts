// What the proxy says on stderr, in one form. stdout stays empty but for --check, --version, --help.

import { writeFileSync } from "node:fs";
import { writeErrorLine } from "../hardening/nonblocking-stderr.ts";
import { StartError } from "./errors.ts";

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

/**
 * Write an answer to stdout.
 *
 * @throws {StartError} PXY_START_OUTPUT where it cannot be written: an exit code of 0 would say that it was
 */
export function printOut(text: string): void {
  try {
    writeFileSync(1, text); // unlike writeSync it goes on after a short write
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    throw new StartError("PXY_START_OUTPUT", `cannot write to stdout: ${code}`, { cause });
  }
}
