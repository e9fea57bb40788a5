import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { after, test } from "node:test";
import { NotAllowed } from "../../../agent/approval/ask.ts";
import { guardPatch } from "../../../agent/approval/guard.ts";
import { staysInside } from "../../../agent/approval/touched-paths.ts";
import { approvalPolicies } from "../../../agent/config/config.ts";
import type { SandboxPolicy } from "../../../agent/sandbox/policy.ts";
import { turn, workspaceWrite } from "./turn.ts";

const top = realpathSync(mkdtempSync(join(tmpdir(), "approval-")));
after(() => rmSync(top, { recursive: true }));
const cwd = join(top, "work");
const outside = join(top, "outside");
for (const folder of [cwd, outside, join(cwd, ".git"), join(cwd, "sub")]) mkdirSync(folder);
writeFileSync(join(outside, "file"), "");
symlinkSync(outside, join(cwd, "to-outside"));
symlinkSync(join(outside, "file"), join(cwd, "file-outside"));
symlinkSync(join(outside, "not-yet"), join(cwd, "nothing-outside"));
symlinkSync("../outside/not-yet", join(cwd, "nothing-outside-relative"));
symlinkSync("sub", join(cwd, "to-sub"));
symlinkSync("loop", join(cwd, "loop"));

const paths = {
  inside: ["a", "sub/b", "sub/new/deep/c", "to-sub/d", ".github/e", "sub/.git-not", "sub/../f"],
  outside: [
    "../outside/a",
    "/etc/passwd",
    "sub/../../outside/a",
    "to-outside/a",
    "to-outside/new/a",
    "file-outside",
    "nothing-outside",
    "nothing-outside-relative",
    "../work-not/a",
    ".git",
    ".git/hooks/pre-commit",
    "sub/../.git/config",
    "to-sub/../.git/config",
    ".codex/config.toml",
    ".agents/skills/x",
    "..",
    "/",
  ],
};

test("a path is inside by where it leads, with links followed and protected folders left out", () => {
  const { context } = turn({ approvalPolicy: "never", policy: workspaceWrite, cwd });
  const judged = (list: readonly string[]) =>
    list.filter((path) => staysInside([resolve(cwd, path)], context));
  assert.deepEqual(judged(paths.inside), paths.inside);
  assert.deepEqual(judged(paths.outside), []);
});

test("a letter-by-letter comparison would let links and .git through", () => {
  const naive = (path: string) => join(cwd, path).startsWith(cwd);
  assert.deepEqual(["to-outside/a", "file-outside", ".git/hooks/pre-commit", "../work-not/a"].filter(naive), [
    "to-outside/a",
    "file-outside",
    ".git/hooks/pre-commit",
    "../work-not/a",
  ]);
});

test("a folder inside a protected one is inside if it is a root by its name", () => {
  const policy: SandboxPolicy = { ...workspaceWrite, writable_roots: [join(cwd, ".git")] };
  const { context } = turn({ approvalPolicy: "never", policy, cwd });
  assert.equal(staysInside([join(cwd, ".git/config")], context), true);
});

test("nothing is inside of a read-only sandbox, and everything without one", () => {
  const judged = (policy: SandboxPolicy) =>
    staysInside([join(cwd, "a")], turn({ approvalPolicy: "never", policy, cwd }).context);
  assert.deepEqual([judged({ mode: "read-only" }), judged({ mode: "danger-full-access" })], [false, true]);
});

test("patches are asked about by policy and place", async () => {
  const told: Record<string, string> = {};
  for (const approvalPolicy of approvalPolicies)
    for (const policy of [workspaceWrite, { mode: "read-only" }, { mode: "danger-full-access" }] as const)
      for (const path of ["inside", "../outside/new"]) {
        const { context, asked } = turn({ approvalPolicy, policy, cwd, answers: ["approved"] });
        const changes = [{ kind: "add", path: join(cwd, path), content: "" }] as const;
        const end = await guardPatch(
          { callId: "1", changes, cwd },
          context,
          async ({ mode }) => mode,
          () => false,
        ).then(
          ({ result }) => result,
          (error: Error) => error.message,
        );
        told[`${approvalPolicy}, ${policy.mode}, ${path}`] = asked.length > 0 ? `ask, ${end}` : end;
      }
  const full = "danger-full-access";
  const refused = "patch rejected: writing outside of the project; rejected by user approval settings";
  assert.deepEqual(told, {
    "untrusted, workspace-write, inside": "ask, workspace-write",
    "untrusted, workspace-write, ../outside/new": `ask, ${full}`,
    "untrusted, read-only, inside": `ask, ${full}`,
    "untrusted, read-only, ../outside/new": `ask, ${full}`,
    "untrusted, danger-full-access, inside": `ask, ${full}`,
    "untrusted, danger-full-access, ../outside/new": `ask, ${full}`,
    "on-failure, workspace-write, inside": "workspace-write",
    "on-failure, workspace-write, ../outside/new": "workspace-write",
    "on-failure, read-only, inside": "read-only",
    "on-failure, read-only, ../outside/new": "read-only",
    "on-failure, danger-full-access, inside": full,
    "on-failure, danger-full-access, ../outside/new": full,
    "on-request, workspace-write, inside": "workspace-write",
    "on-request, workspace-write, ../outside/new": `ask, ${full}`,
    "on-request, read-only, inside": `ask, ${full}`,
    "on-request, read-only, ../outside/new": `ask, ${full}`,
    "on-request, danger-full-access, inside": full,
    "on-request, danger-full-access, ../outside/new": full,
    "never, workspace-write, inside": "workspace-write",
    "never, workspace-write, ../outside/new": refused,
    "never, read-only, inside": refused,
    "never, read-only, ../outside/new": refused,
    "never, danger-full-access, inside": full,
    "never, danger-full-access, ../outside/new": full,
  });
});

test("a patch is asked about with its changes, and a no or an empty patch is told as such", async () => {
  const { context, asked } = turn({ approvalPolicy: "untrusted", policy: workspaceWrite, cwd });
  const changes = [{ kind: "delete", path: join(cwd, "a"), content: "x" }] as const;
  const run = (list: typeof changes | []) =>
    guardPatch(
      { callId: "7", changes: list, cwd },
      context,
      async () => 1,
      () => false,
    );
  await assert.rejects(run(changes), new NotAllowed("patch rejected by user"));
  assert.deepEqual(asked, [{ kind: "patch", callId: "7", changes }]);
  await assert.rejects(run([]), new NotAllowed("patch rejected: empty patch"));
  assert.equal(asked.length, 1);
});

test("a file that is moved is written in both places", async () => {
  const move = (from: string, to: string) => {
    const { context, asked } = turn({ approvalPolicy: "never", policy: workspaceWrite, cwd });
    const changes = [
      { kind: "update", path: join(cwd, from), moveTo: join(cwd, to), unifiedDiff: "" },
    ] as const;
    const end = guardPatch(
      { callId: "1", changes, cwd },
      context,
      async () => "moved",
      () => false,
    ).then(
      ({ result }) => result,
      (error: Error) => error.message,
    );
    assert.deepEqual(asked, []);
    return end;
  };
  const refused = "patch rejected: writing outside of the project; rejected by user approval settings";
  assert.deepEqual(
    [await move("a", "sub/b"), await move("a", "../outside/b"), await move("../outside/b", "a")],
    ["moved", refused, refused],
  );
  assert.equal(await move("a", ".git/hooks/pre-commit"), refused);
});
