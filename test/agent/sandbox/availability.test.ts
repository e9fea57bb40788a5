import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import fs from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, test } from "node:test";
import { sandboxAvailability } from "../../../agent/sandbox/availability.ts";
import { launcher, makeFolder } from "../../cli/codex-process.ts";

let folder: string;
beforeEach(() => {
  folder = makeFolder();
});
afterEach(() => fs.rmSync(folder, { recursive: true }));

/** A helper that keeps to nothing, or refuses. */
function falseHelper(script: string): string {
  const path = join(folder, "helper");
  fs.writeFileSync(path, `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  return path;
}

const look = (helper: string | undefined) => sandboxAvailability(helper, { TMPDIR: folder });

test("what is told of this machine is what its helper says of itself", async () => {
  const report = spawnSync(launcher, ["--report"], { argv0: "codex-linux-sandbox", encoding: "utf8" }).stdout;
  const { confinesWrites, protectsSubpaths } = JSON.parse(report);
  const { problem, remedy, ...found } = await look(launcher);
  assert.deepEqual(found, { isEnforced: confinesWrites, protectsSubpaths });
  assert.equal(problem === undefined, confinesWrites && protectsSubpaths);
  assert.equal(problem === undefined, remedy === undefined);
  assert.deepEqual(fs.readdirSync(folder), []);
});

test("a helper that runs commands without confining them is found out", async () => {
  const helper = falseHelper('while [ "$1" != -- ]; do shift; done; shift; exec "$@"');
  const { remedy, ...found } = await look(helper);
  assert.deepEqual(found, {
    isEnforced: false,
    protectsSubpaths: false,
    problem: "files outside the workspace can be written",
  });
  assert.ok(remedy?.includes("Landlock"));
});

test("a helper that refuses is quoted, with its remedy", async () => {
  const helper = falseHelper(
    'echo "codex-linux-sandbox: error: no Landlock" >&2; echo "codex-linux-sandbox: hint: get one" >&2; exit 1',
  );
  assert.deepEqual(await look(helper), {
    isEnforced: false,
    protectsSubpaths: false,
    problem: "no Landlock",
    remedy: "get one",
  });
});

test("without the launcher, or with one that is gone, nothing is enforced and it is said why", async () => {
  for (const helper of [undefined, join(folder, "missing")]) {
    const { isEnforced, problem, remedy } = await look(helper);
    assert.deepEqual([isEnforced, typeof problem, typeof remedy], [false, "string", "string"]);
  }
});
