// What the commands say. Not by the proxy's own way, which loads the addon: it clears the environment.

import { writeFileSync, writeSync } from "node:fs";
import { CommandError } from "./errors.ts";

function say(line: string): void {
  try {
    writeSync(2, `${line}\n`);
  } catch {
    // Nobody listens.
  }
}

export function sayPlain(line: string): void {
  say(`codex: ${line}`);
}

export function sayWarning(message: string): void {
  say(`codex: warning: ${message}`);
}

export function sayError(message: string, hint?: string): void {
  say(`codex: error: ${message}`);
  if (hint !== undefined) say(`codex: hint: ${hint}`);
}

/**
 * Write an answer to stdout.
 *
 * @throws {CommandError} CMD_OUTPUT where it cannot be written: an exit code of 0 would say that it was
 */
export function printOut(text: string): void {
  try {
    writeFileSync(1, text); // unlike writeSync it goes on after a short write
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    throw new CommandError("CMD_OUTPUT", `cannot write to stdout: ${code}`, { cause });
  }
}
