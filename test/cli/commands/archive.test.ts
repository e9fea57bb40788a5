// `codex archive`, `unarchive` and `delete`: what they print, and that nothing is deleted by mistake.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import fs from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { launcher, makeFolder, runCodex } from "../codex-process.ts";

const id = "019a0b1c-2d3e-7f40-8a5b-6c7d8e9f0a1b";
const name = `rollout-2025-10-28T13-04-05-${id}.jsonl`;
const rollout = fileURLToPath(
  new URL("../../../../test/agent/sessions/rollouts/0.50-tools.jsonl", import.meta.url),
);
const hasExpect = spawnSync("expect", ["-v"]).status === 0;

describe("saved sessions on the command line", () => {
  let home: string;
  let active: string;
  let archived: string;
  beforeEach(() => {
    home = makeFolder();
    active = join(home, "sessions/2025/10/28", name);
    archived = join(home, "archived_sessions", name);
    fs.mkdirSync(join(home, "sessions/2025/10/28"), { recursive: true });
    fs.copyFileSync(rollout, active);
    fs.writeFileSync(
      join(home, "session_index.jsonl"),
      `${JSON.stringify({ id, thread_name: "my work" })}\n`,
    );
  });
  afterEach(() => fs.rmSync(home, { recursive: true, force: true }));

  const run = (...args: string[]) => runCodex({ args, environment: { CODEX_HOME: home } });
  const ok = (stdout: string) => ({ code: 0, signal: null, stdout, stderr: "" });
  const failed = (stderr: string) => ({ code: 1, signal: null, stdout: "", stderr });

  test("are put aside and brought back by id and by name", async () => {
    assert.deepEqual(await run("archive", id), ok(`Archived session ${id}.\n`));
    assert.deepEqual([fs.existsSync(active), fs.existsSync(archived)], [false, true]);
    assert.deepEqual(await run("archive", id), failed(`Error: No active session found matching '${id}'.\n`));
    assert.deepEqual(await run("unarchive", "my work"), ok(`Unarchived session ${id}.\n`));
    assert.deepEqual([fs.existsSync(active), fs.existsSync(archived)], [true, false]);
    assert.deepEqual(
      await run("unarchive", "my work"),
      failed("Error: No archived session found matching 'my work'.\n"),
    );
  });

  test("are deleted by a script that names the id and says so, and in no other way", async () => {
    assert.deepEqual(
      await run("delete", id),
      failed(
        "Error: cannot confirm session deletion without an interactive terminal; rerun with --force and a session UUID\n",
      ),
    );
    assert.deepEqual(
      await run("delete", "my work", "--force"),
      failed("Error: --force requires a session UUID; names must be confirmed interactively\n"),
    );
    assert.ok(fs.existsSync(active));
    assert.deepEqual(await run("delete", "--force", id), ok(`Deleted session ${id}.\n`));
    assert.equal(fs.existsSync(active), false);
    assert.deepEqual(
      await run("delete", "--force", id),
      failed(`Error: No active or archived session found matching '${id}'.\n`),
    );
  });

  for (const [keys, isDeleted] of [
    ["y\\r", true],
    ["yes\\r", true],
    ["\\r", false],
    ["n\\r", false],
    ["\\x03", false],
    ["\\x04", false],
  ] as const) {
    const skip = hasExpect ? false : "expect is not installed";
    test(`are ${isDeleted ? "deleted" : "kept"} when a person answers ${keys}`, { skip }, () => {
      const bin = join(home, "codex");
      fs.symlinkSync(launcher, bin);
      const script = `set timeout 30
        spawn ${bin} delete "my work"
        expect -ex {Continue? [y/N]: }
        send "${keys}"
        expect eof`;
      const { stdout } = spawnSync("expect", ["-c", script], {
        encoding: "utf8",
        timeout: 60_000,
        env: { PATH: process.env.PATH, HOME: home, CODEX_HOME: home, TERM: "xterm" },
      });
      assert.equal(fs.existsSync(active), !isDeleted, stdout);
      assert.match(stdout, isDeleted ? /Deleted session/ : /Delete cancelled\./);
    });
  }
});
