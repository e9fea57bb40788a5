import assert from "node:assert/strict";
import fs from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, test } from "node:test";
import { type SandboxRequest, sandboxedCommand } from "../../../agent/sandbox/command.ts";
import { SandboxError } from "../../../agent/sandbox/errors.ts";
import type { WorkspaceWritePolicy } from "../../../agent/sandbox/policy.ts";
import { makeFolder } from "../../cli/codex-process.ts";

let work: string;
beforeEach(() => {
  work = fs.realpathSync(makeFolder());
  fs.mkdirSync(join(work, ".git"));
});
afterEach(() => fs.rmSync(work, { recursive: true }));

const workspace: WorkspaceWritePolicy = {
  mode: "workspace-write",
  network_access: false,
  exclude_tmpdir_env_var: true,
  exclude_slash_tmp: true,
};

const request = (change: Partial<SandboxRequest>): SandboxRequest => ({
  command: ["ls", "-l", "--", "$HOME"],
  cwd: work,
  policy: { mode: "read-only" },
  environment: { PATH: "/bin" },
  launcher: "/opt/codex/launcher",
  platform: "linux",
  ...change,
});

test("on Linux a command is an argument list of the launcher under the helper's name", () => {
  assert.deepEqual(sandboxedCommand(request({})), {
    file: "/opt/codex/launcher",
    argv0: "codex-linux-sandbox",
    args: [
      ...["--sandbox-policy-cwd", work, "--sandbox-policy", '{"mode":"read-only"}'],
      ...["--", "ls", "-l", "--", "$HOME"],
    ],
    environment: { PATH: "/bin", CODEX_SANDBOX_NETWORK_DISABLED: "1" },
    isSandboxed: true,
  });
});

test("the helper is told which paths inside the roots stay read-only", () => {
  const { args } = sandboxedCommand(request({ policy: workspace, alsoReadOnly: ["/nonexistent"] }));
  assert.deepEqual(JSON.parse(args[3] as string), { ...workspace, read_only_subpaths: [join(work, ".git")] });
});

test("on macOS it is sandbox-exec of the system, with paths as parameters, and says so to the command", () => {
  const prepared = sandboxedCommand(request({ policy: workspace, platform: "darwin", launcher: undefined }));
  assert.equal(prepared.file, "/usr/bin/sandbox-exec");
  assert.deepEqual(prepared.args.slice(2), [
    `-DWRITABLE_ROOT_0=${work}`,
    `-DWRITABLE_ROOT_0_RO_0=${join(work, ".git")}`,
    ...["--", "ls", "-l", "--", "$HOME"],
  ]);
  assert.deepEqual(prepared.environment, {
    PATH: "/bin",
    CODEX_SANDBOX_NETWORK_DISABLED: "1",
    CODEX_SANDBOX: "seatbelt",
  });
});

test("with network access the command is not told that it has none", () => {
  const policy = { ...workspace, network_access: true };
  assert.deepEqual(sandboxedCommand(request({ policy })).environment, { PATH: "/bin" });
});

test("under danger-full-access the command is started as it is, on every system and without the launcher", () => {
  for (const platform of ["linux", "darwin", "freebsd"] as const) {
    const policy = { mode: "danger-full-access" } as const;
    assert.deepEqual(sandboxedCommand(request({ policy, platform, launcher: undefined })), {
      file: "ls",
      args: ["-l", "--", "$HOME"],
      environment: { PATH: "/bin" },
      isSandboxed: false,
    });
  }
});

test("where no sandbox can be set up, the command is refused and never run without", () => {
  const refusals = [
    [{ launcher: undefined }, "SANDBOX_LAUNCHER", 1],
    [{ platform: "freebsd" }, "SANDBOX_PLATFORM", 1],
    [{ command: [] }, "SANDBOX_COMMAND", 2],
  ] as const;
  for (const [change, code, exitStatus] of refusals) {
    assert.throws(
      () => sandboxedCommand(request(change)),
      (error) => error instanceof SandboxError && error.code === code && error.exitStatus === exitStatus,
    );
  }
});
