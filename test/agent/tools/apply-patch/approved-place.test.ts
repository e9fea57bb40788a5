// What a patch may write that a person has let out of the sandbox: where it was shown to write, no more.

import assert from "node:assert/strict";
import fs from "node:fs";
import { join } from "node:path";
import { after, test } from "node:test";
import { planPatch } from "../../../../agent/apply-patch/plan.ts";
import { approvedPlace, type Place } from "../../../../agent/tools/apply-patch/approved-place.ts";
import { makeFolder } from "../../../cli/codex-process.ts";

const top = fs.realpathSync(makeFolder());
after(() => fs.rmSync(top, { recursive: true }));
const cwd = join(top, "work");
const outside = join(top, "outside");
for (const folder of [cwd, outside]) fs.mkdirSync(folder);

async function placeFor(path: string, own: Place): Promise<Place> {
  const patch = `*** Begin Patch\n*** Add File: ${path}\n+text\n*** End Patch`;
  return approvedPlace(await planPatch(patch, cwd), own);
}

const writing: Place = {
  policy: {
    mode: "workspace-write",
    writable_roots: ["/srv/other"],
    network_access: true,
    exclude_tmpdir_env_var: false,
    exclude_slash_tmp: false,
  },
  workspace: cwd,
};

test("beside where commands write anyway, it is the nearest folder that exists, and no network", async () => {
  assert.deepEqual(await placeFor("../outside/new/deep/file", writing), {
    policy: { ...writing.policy, writable_roots: ["/srv/other", outside], network_access: false },
    workspace: cwd,
  });
});

test("where commands write nothing, it is that folder alone", async () => {
  assert.deepEqual(await placeFor("../outside/file", { policy: { mode: "read-only" }, workspace: cwd }), {
    policy: {
      mode: "workspace-write",
      writable_roots: [outside],
      network_access: false,
      exclude_tmpdir_env_var: true,
      exclude_slash_tmp: true,
    },
    workspace: outside,
  });
});

test("what no root ever lets be written needs the whole machine", async () => {
  for (const path of [".git/hooks/pre-commit", ".codex/config.toml", ".agents/x"]) {
    assert.deepEqual(await placeFor(path, writing), {
      policy: { mode: "danger-full-access" },
      workspace: cwd,
    });
  }
  assert.equal((await placeFor(".gitignore", writing)).policy.mode, "workspace-write");
});
