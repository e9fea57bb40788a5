// What a review is asked to look at, in a real repository.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import fs from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { type ReviewTarget, reviewTask } from "../../../agent/review/review-target.ts";

describe("the task of a review", () => {
  let folder: string;
  let first: string;
  let second: string;

  before(() => {
    folder = fs.mkdtempSync(join(tmpdir(), "codex-review-"));
    git("init", "--quiet", "-b", "main");
    git("commit", "--quiet", "--allow-empty", "-m", "first");
    first = git("rev-parse", "HEAD");
    git("checkout", "--quiet", "-b", "feature");
    git("commit", "--quiet", "--allow-empty", "-m", "second");
    second = git("rev-parse", "HEAD");
  });
  after(() => fs.rmSync(folder, { recursive: true, force: true }));

  function git(...args: readonly string[]): string {
    const identity = ["-c", "user.name=T", "-c", "user.email=t@example.com"];
    const { status, stdout, stderr } = spawnSync("git", [...identity, ...args], {
      cwd: folder,
      encoding: "utf8",
    });
    assert.equal(status, 0, stderr);
    return stdout.trim();
  }
  const task = (target: ReviewTarget) => reviewTask(target, folder, process.env);

  test("names the commands that show uncommitted changes", async () => {
    const { prompt, hint } = await task({ kind: "uncommitted" });
    assert.equal(hint, "current changes");
    assert.match(prompt, /`git status --short`.*`git diff HEAD`/);
  });

  test("names the commit that a branch has in common with HEAD", async () => {
    const { prompt, hint } = await task({ kind: "base", branch: "main" });
    assert.equal(hint, "changes against 'main'");
    assert.ok(prompt.includes(`\`git diff ${first}\``), prompt);
  });

  test("takes the upstream of a branch where that is further on", async () => {
    git("branch", "--quiet", "old", first);
    git("branch", "--quiet", "--set-upstream-to=feature", "old");
    const { prompt } = await task({ kind: "base", branch: "old" });
    assert.ok(prompt.includes(`\`git diff ${second}\``), prompt);
  });

  test("resolves a commit, and says its title", async () => {
    const { prompt, hint } = await task({ kind: "commit", sha: "HEAD", title: "My title" });
    assert.equal(hint, `commit ${second.slice(0, 7)}: My title`);
    assert.ok(prompt.includes(`${second} ("My title")`), prompt);
  });

  test("refuses branches and commits that are not there, or are options of git", async () => {
    const outcomes = [];
    for (const target of [
      { kind: "base", branch: "nosuch" },
      { kind: "base", branch: "--all" },
      { kind: "commit", sha: "nosuch" },
      { kind: "commit", sha: "--all" },
    ] as const) {
      outcomes.push(await task(target).catch(({ code, message }) => `${code} ${message}`));
    }
    assert.deepEqual(outcomes, [
      "REVIEW_NO_BRANCH no branch `nosuch` has a commit in common with HEAD",
      "REVIEW_NO_BRANCH no branch `--all` has a commit in common with HEAD",
      "REVIEW_NO_COMMIT no commit `nosuch` in this repository",
      "REVIEW_NO_COMMIT no commit `--all` in this repository",
    ]);
  });

  test("runs a custom one as it is worded", async () => {
    assert.deepEqual(await task({ kind: "custom", instructions: "Look at g.txt" }), {
      prompt: "Look at g.txt",
      hint: "Look at g.txt",
    });
  });
});
