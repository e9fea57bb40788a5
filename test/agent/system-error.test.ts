// Reasons of failed system calls, each of a call that fails, in the words that 0.50.0 has for it.

import assert from "node:assert/strict";
import fs from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { reasonOf } from "../../agent/system-error.ts";

function reason(call: () => void): string {
  try {
    call();
  } catch (error) {
    return reasonOf(error);
  }
  return "it did not fail";
}

test("the reason why a file cannot be opened is worded as in the original, with its number", () => {
  const folder = fs.mkdtempSync(join(tmpdir(), "system-error-"));
  try {
    const link = join(folder, "link");
    fs.symlinkSync(link, link);
    fs.writeFileSync(join(folder, "file"), "");
    assert.deepEqual(
      {
        missing: reason(() => fs.readFileSync(join(folder, "missing"))),
        folder: reason(() => fs.readFileSync(folder)),
        below: reason(() => fs.readFileSync(join(folder, "file", "below"))),
        loop: reason(() => fs.readFileSync(link)),
        long: reason(() => fs.readFileSync(join(folder, "x".repeat(300)))),
        full: reason(() => fs.writeFileSync("/dev/full", "x")),
        memory: reason(() => fs.readFileSync("/proc/self/mem")),
      },
      {
        missing: "No such file or directory (os error 2)",
        folder: "Is a directory (os error 21)",
        below: "Not a directory (os error 20)",
        loop: "Symbolic link loop (os error 40)",
        long: "Filename too long (os error 36)",
        full: "No space left on device (os error 28)",
        memory: "I/O error (os error 5)",
      },
    );
  } finally {
    fs.rmSync(folder, { recursive: true, force: true });
  }
});
