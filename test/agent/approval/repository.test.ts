// What may stand in the place of git's own files in a folder that others have laid out.

import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import fs from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { makeFolder } from "../../cli/codex-process.ts";

const repository = new URL("../../../agent/approval/repository.js", import.meta.url).href;

// In a process of its own: one that waits for a pipe can be asked nothing any more.
function isPlain(folder: string) {
  const script =
    `import { isPlainRepository } from ${JSON.stringify(repository)};` +
    "console.log(isPlainRepository(process.argv[1]));";
  const args = ["--input-type=module", "-e", script, folder];
  const { stdout, signal } = spawnSync(process.execPath, args, { encoding: "utf8", timeout: 10_000 });
  return [stdout, signal];
}

test("a pipe or a device in the place of git's files is waited for by nobody, and makes no plain repository", () => {
  for (const name of ["config", "index"]) {
    const folder = makeFolder();
    const file = join(folder, ".git", name);
    try {
      fs.mkdirSync(join(folder, ".git"));
      assert.deepEqual(isPlain(folder), ["true\n", null]);
      execFileSync("mkfifo", [file]);
      assert.deepEqual(isPlain(folder), ["false\n", null], `a pipe as ${name}`);
      fs.rmSync(file);
      fs.symlinkSync("/dev/zero", file);
      assert.deepEqual(isPlain(folder), ["false\n", null], `a device as ${name}`);
    } finally {
      fs.rmSync(folder, { recursive: true });
    }
  }
});
