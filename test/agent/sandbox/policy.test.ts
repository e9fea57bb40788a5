import assert from "node:assert/strict";
import fs from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, test } from "node:test";
import type { WorkspaceWriteSettings } from "../../../agent/config/config.ts";
import { describePolicy } from "../../../agent/sandbox/describe.ts";
import { addDirWarning, hasNetwork, sandboxPolicy } from "../../../agent/sandbox/policy.ts";
import { makeFolder } from "../../cli/codex-process.ts";

let folder: string;
beforeEach(() => {
  folder = fs.realpathSync(makeFolder());
});
afterEach(() => fs.rmSync(folder, { recursive: true }));

const settings: WorkspaceWriteSettings = {
  writableRoots: [],
  networkAccess: false,
  excludeTmpdirEnvVar: false,
  excludeSlashTmp: false,
};

test("read-only and danger-full-access are nothing but their names, whatever the workspace settings say", () => {
  for (const mode of ["read-only", "danger-full-access"] as const) {
    const workspaceWrite = { ...settings, writableRoots: ["/opt"], networkAccess: true };
    const policy = sandboxPolicy({ sandboxMode: mode, workspaceWrite, cwd: folder });
    assert.equal(JSON.stringify(policy), `{"mode":"${mode}"}`);
    assert.equal(describePolicy(policy), mode);
    assert.equal(hasNetwork(policy), mode === "danger-full-access");
  }
});

test("workspace-write is written as in the original, without roots where there are none", () => {
  const policy = sandboxPolicy({ sandboxMode: "workspace-write", workspaceWrite: settings, cwd: folder });
  assert.equal(
    JSON.stringify(policy),
    '{"mode":"workspace-write","network_access":false,"exclude_tmpdir_env_var":false,"exclude_slash_tmp":false}',
  );
  assert.equal(describePolicy(policy), "workspace-write [workdir, /tmp, $TMPDIR]");
});

test("roots are absolute, without links and without repetition, and are described in their order", () => {
  for (const name of ["real", "work"]) fs.mkdirSync(join(folder, name));
  fs.symlinkSync("real", join(folder, "link"));
  const policy = sandboxPolicy({
    sandboxMode: "workspace-write",
    workspaceWrite: {
      writableRoots: ["../link", join(folder, "real"), join(folder, "missing")],
      networkAccess: true,
      excludeTmpdirEnvVar: true,
      excludeSlashTmp: true,
    },
    cwd: join(folder, "work"),
  });
  const roots = [join(folder, "real"), join(folder, "missing")];
  assert.deepEqual(policy, {
    mode: "workspace-write",
    writable_roots: roots,
    network_access: true,
    exclude_tmpdir_env_var: true,
    exclude_slash_tmp: true,
  });
  assert.equal(
    describePolicy(policy),
    `workspace-write [workdir, ${roots.join(", ")}] (network access enabled)`,
  );
});

test("a root behind a link that lies in another root stays as it is written", () => {
  for (const name of ["work", "outside"]) fs.mkdirSync(join(folder, name));
  fs.symlinkSync("../outside", join(folder, "work/link"));
  const roots = (cwd: string) => {
    const workspaceWrite = { ...settings, writableRoots: [join(folder, "work/link")], excludeSlashTmp: true };
    const policy = sandboxPolicy({ sandboxMode: "workspace-write", workspaceWrite, cwd });
    return policy.mode === "workspace-write" ? policy.writable_roots : undefined;
  };
  assert.deepEqual(roots(join(folder, "work")), [join(folder, "work/link")]);
  assert.deepEqual(roots(join(folder, "outside")), [join(folder, "outside")]);
});

test("--add-dir is only warned about where the sandbox lets nothing be written", () => {
  assert.equal(
    addDirWarning(["../a", "/b"], "read-only"),
    "Ignoring --add-dir (../a, /b) because the effective sandbox mode is read-only. " +
      "Switch to workspace-write or danger-full-access to allow additional writable roots.",
  );
  assert.equal(addDirWarning([], "read-only"), undefined);
  assert.equal(addDirWarning(["/b"], "danger-full-access"), undefined);
});
