// Which project a folder belongs to, and who is trusted.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import fs from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, test } from "node:test";
import { projectRoot } from "../../../agent/config/project.ts";
import { Home } from "./home.ts";

let home: Home;
beforeEach(() => {
  home = new Home();
});
afterEach(() => home.remove());

function git(folder: string, ...args: readonly string[]): void {
  const identity = ["-c", "user.name=a", "-c", "user.email=a@b"];
  const { status, stderr } = spawnSync("git", [...identity, "-C", folder, ...args], { encoding: "utf8" });
  assert.equal(status, 0, stderr);
}

function repository(name: string): string {
  const folder = join(home.work, name);
  fs.mkdirSync(join(folder, "deep", "er"), { recursive: true });
  git(folder, "init", "--quiet");
  git(folder, "commit", "--quiet", "--allow-empty", "-m", "first");
  return folder;
}

test("a folder in a repository belongs to its root, and one outside to itself", async () => {
  const root = repository("r");
  assert.deepEqual(
    [await projectRoot(join(root, "deep", "er")), await projectRoot(root), await projectRoot(home.work)],
    [root, root, home.work],
  );
});

test("a linked worktree belongs to the main one", async () => {
  const root = repository("r");
  const linked = join(home.work, "linked");
  git(root, "worktree", "add", "--quiet", linked);
  fs.mkdirSync(join(linked, "sub"));
  assert.equal(await projectRoot(join(linked, "sub")), root);
});

test("a submodule is a project of its own", async () => {
  const root = repository("r");
  const inner = repository("inner");
  git(root, "-c", "protocol.file.allow=always", "submodule", "--quiet", "add", inner, "sub");
  assert.equal(await projectRoot(join(root, "sub")), join(root, "sub"));
});

test("a downloaded folder that names a worktree of a trusted repository is not trusted for it", async () => {
  const root = repository("r");
  const linked = join(home.work, "linked");
  git(root, "worktree", "add", "--quiet", linked);
  home.write(`[projects."${root}"]\ntrust_level = "trusted"\n`);
  const mode = async (cwd: string): Promise<string> => (await home.load({ cwd })).config.sandboxMode;

  const thief = join(home.work, "thief");
  fs.mkdirSync(thief);
  fs.copyFileSync(join(linked, ".git"), join(thief, ".git"));
  // The control: git itself takes the thief for a worktree of the trusted repository.
  const { stdout } = spawnSync(
    "git",
    ["-C", thief, "rev-parse", "--path-format=absolute", "--git-common-dir"],
    {
      encoding: "utf8",
    },
  );
  assert.deepEqual(
    [stdout.trim(), await mode(linked), await mode(thief), await mode(root)],
    [join(root, ".git"), "workspace-write", "read-only", "workspace-write"],
  );
});

test("a .git file that leads to itself, to nothing or to a FIFO is a root like any other", async () => {
  for (const text of ["gitdir: .", "gitdir: /nowhere/worktrees/x", "nonsense", "gitdir: \n"]) {
    fs.writeFileSync(join(home.work, ".git"), text);
    assert.equal(await projectRoot(home.work), home.work);
  }
  fs.rmSync(join(home.work, ".git"));
  assert.equal(spawnSync("mkfifo", [join(home.work, ".git")]).status, 0);
  assert.equal(await projectRoot(home.work), home.work);
});

test("the entry of the folder itself goes before that of its repository", async () => {
  const root = repository("r");
  const deep = join(root, "deep");
  home.write(
    `[projects."${root}"]\ntrust_level = "trusted"\n[projects."${deep}"]\ntrust_level = "untrusted"\n`,
  );
  assert.deepEqual((await home.load({ cwd: deep })).config.project, { key: root, trustLevel: "untrusted" });
  assert.deepEqual((await home.load({ cwd: join(deep, "er") })).config.project, {
    key: root,
    trustLevel: "trusted",
  });
});

test("a project is found under its real path too", async () => {
  fs.symlinkSync(home.work, join(home.path, "link"));
  home.write(`[projects."${home.work}"]\ntrust_level = "trusted"\n`);
  const { config } = await home.load({ cwd: join(home.path, "link") });
  assert.equal(config.project.trustLevel, "trusted");
});
