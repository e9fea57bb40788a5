import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import fs from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, test } from "node:test";
import type { WorkspaceWritePolicy } from "../../../agent/sandbox/policy.ts";
import { writableRoots } from "../../../agent/sandbox/writable-roots.ts";
import { makeFolder } from "../../cli/codex-process.ts";

let folder: string;
beforeEach(() => {
  folder = fs.realpathSync(makeFolder());
});
afterEach(() => fs.rmSync(folder, { recursive: true }));

const alone: WorkspaceWritePolicy = {
  mode: "workspace-write",
  network_access: false,
  exclude_tmpdir_env_var: true,
  exclude_slash_tmp: true,
};

/** A folder with those folders in it. */
function make(path: string, ...inside: string[]): string {
  const made = join(folder, path);
  for (const name of ["", ...inside]) fs.mkdirSync(join(made, name), { recursive: true });
  return made;
}

function git(cwd: string, ...args: string[]): void {
  const identity = [
    "-c",
    "user.name=n",
    "-c",
    "user.email=e@example.org",
    "-c",
    "protocol.file.allow=always",
  ];
  execFileSync("git", [...identity, ...args], { cwd, stdio: "ignore" });
}

test("the working directory, /tmp and TMPDIR are writable unless the policy leaves them out", () => {
  const work = make("work");
  const tmp = make("tmp");
  const roots = (policy: WorkspaceWritePolicy) =>
    writableRoots(policy, work, { TMPDIR: tmp }).map(({ root }) => root);
  const tmpFolder = fs.realpathSync("/tmp");
  assert.deepEqual(roots({ ...alone, exclude_tmpdir_env_var: false, exclude_slash_tmp: false }), [
    work,
    tmpFolder,
    tmp,
  ]);
  assert.deepEqual(roots({ ...alone, exclude_slash_tmp: false }), [work, tmpFolder]);
  assert.deepEqual(roots(alone), [work]);
});

test("a TMPDIR that is empty, relative or not there grants nothing", () => {
  const work = make("work", "relative");
  for (const TMPDIR of ["", "relative", join(folder, "missing"), undefined]) {
    assert.deepEqual(writableRoots({ ...alone, exclude_tmpdir_env_var: false }, work, { TMPDIR }), [
      { root: work, readOnlySubpaths: [] },
    ]);
  }
});

test("links in the way to a root are followed once, and a root that is not there is none", () => {
  const work = make("work", ".git");
  fs.symlinkSync("work", join(folder, "link"));
  const policy = { ...alone, writable_roots: [work, join(folder, "missing")] };
  assert.deepEqual(writableRoots(policy, join(folder, "link"), {}), [
    { root: work, readOnlySubpaths: [join(work, ".git")] },
  ]);
});

test(".git, .codex and .agents stay read-only in every root, and in no folder further down", () => {
  const work = make("work", ".git", ".codex", ".agents", "below/.git");
  const other = make("other", ".codex");
  assert.deepEqual(writableRoots({ ...alone, writable_roots: [other] }, work, {}), [
    { root: other, readOnlySubpaths: [join(other, ".codex")] },
    { root: work, readOnlySubpaths: [join(work, ".git"), join(work, ".codex"), join(work, ".agents")] },
  ]);
});

test("what a root inside a root protects is protected through the outer one too", () => {
  const outer = make("outer", ".git");
  const inner = make("outer/inner", ".git");
  assert.deepEqual(writableRoots({ ...alone, writable_roots: [inner] }, outer, {}), [
    { root: inner, readOnlySubpaths: [join(inner, ".git")] },
    { root: outer, readOnlySubpaths: [join(inner, ".git"), join(outer, ".git")] },
  ]);
});

test("a root that is asked for by name is writable even where another root would protect it", () => {
  const work = make("work", ".git");
  assert.deepEqual(writableRoots({ ...alone, writable_roots: [join(work, ".git")] }, work, {}), [
    { root: join(work, ".git"), readOnlySubpaths: [] },
    { root: work, readOnlySubpaths: [] },
  ]);
});

test("names that only begin alike lie outside", () => {
  const work = make("work", "a", "ab/.git");
  const roots = writableRoots({ ...alone, writable_roots: [join(work, "ab")] }, join(work, "a"), {});
  assert.deepEqual(roots, [
    { root: join(work, "ab"), readOnlySubpaths: [join(work, "ab/.git")] },
    { root: join(work, "a"), readOnlySubpaths: [] },
  ]);
});

test("of a worktree the pointer, its own git folder and the shared one are read-only", () => {
  const main = make("repository");
  git(main, "init", "-q");
  git(main, "commit", "-q", "--allow-empty", "-m", "first");
  const tree = join(folder, "tree");
  git(main, "worktree", "add", "-q", tree);
  assert.deepEqual(writableRoots({ ...alone, writable_roots: [folder] }, tree, {}), [
    {
      root: folder,
      readOnlySubpaths: [join(tree, ".git"), join(main, ".git/worktrees/tree"), join(main, ".git")],
    },
    { root: tree, readOnlySubpaths: [join(tree, ".git")] },
  ]);
});

test("of a submodule the pointer and the folder it names are read-only", () => {
  const library = make("library");
  git(library, "init", "-q");
  git(library, "commit", "-q", "--allow-empty", "-m", "first");
  const main = make("repository");
  git(main, "init", "-q");
  git(main, "submodule", "--quiet", "add", library, "lib");
  assert.deepEqual(writableRoots({ ...alone, writable_roots: [main] }, join(main, "lib"), {}), [
    {
      root: main,
      readOnlySubpaths: [join(main, ".git"), join(main, "lib/.git"), join(main, ".git/modules/lib")],
    },
    { root: join(main, "lib"), readOnlySubpaths: [join(main, "lib/.git")] },
  ]);
});

test("a .git that is no folder and no pointer is read-only itself and leads nowhere", () => {
  const work = make("work");
  for (const text of [
    "",
    "gitdir:",
    "gitdir: .",
    "gitdir: missing",
    "x".repeat(20_000),
    `gitdir: ${"/".repeat(9000)}`,
  ]) {
    fs.writeFileSync(join(work, ".git"), text);
    assert.deepEqual(writableRoots(alone, work, {}), [
      { root: work, readOnlySubpaths: [join(work, ".git")] },
    ]);
  }
});

test("further paths are read-only where a root has them, and of no matter elsewhere", () => {
  const work = make("work", "links");
  const elsewhere = make("elsewhere");
  assert.deepEqual(writableRoots(alone, work, {}, [join(work, "links"), elsewhere]), [
    { root: work, readOnlySubpaths: [join(work, "links")] },
  ]);
});

test("a root is left out that lies behind a link in a root, by whatever chain", () => {
  const [work, outside] = [make("work"), make("outside")];
  fs.symlinkSync(outside, join(work, "planted"));
  fs.symlinkSync("work/planted", join(folder, "chain"));
  fs.symlinkSync("./work/../work", join(folder, "fine"));
  const roots = (wanted: string) =>
    writableRoots({ ...alone, writable_roots: [wanted] }, work, {}).map(({ root }) => root);
  assert.deepEqual(roots(join(work, "planted")), [work]);
  assert.deepEqual(roots(join(folder, "chain")), [work]);
  assert.deepEqual(roots(join(folder, "fine")), [work]);
  assert.deepEqual(roots(outside), [outside, work]);
});

test("a TMPDIR that holds the user's home is no root", () => {
  const [work, home] = [make("work"), make("houses/home")];
  const policy = { ...alone, exclude_tmpdir_env_var: false };
  const roots = (TMPDIR: string) =>
    writableRoots(policy, work, { TMPDIR, HOME: home }).map(({ root }) => root);
  assert.deepEqual([roots("/"), roots(join(folder, "houses")), roots(home)], [[work], [work], [work]]);
  assert.deepEqual(roots(make("houses/home/tmp")), [work, join(home, "tmp")]);
});
