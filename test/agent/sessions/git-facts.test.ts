import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import fs from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, test } from "node:test";
import { gitFacts, withoutCredentials } from "../../../agent/sessions/git-facts.ts";

describe("what the record says of a repository", () => {
  let folder: string;
  const git = (...args: string[]) =>
    execFileSync("git", ["-C", folder, "-c", "user.name=a", "-c", "user.email=a@example.org", ...args], {
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
    }).trim();
  const commit = () => git("commit", "--quiet", "--allow-empty", "-m", "x");

  beforeEach(() => {
    folder = fs.mkdtempSync(join(tmpdir(), "codex-git-"));
    git("init", "--quiet", "-b", "main");
  });
  afterEach(() => fs.rmSync(folder, { recursive: true, force: true }));

  test("is what git says, from any folder of it", async () => {
    commit();
    git("remote", "add", "other", "https://example.org/other.git");
    git("remote", "add", "origin", "https://example.org/a.git");
    fs.mkdirSync(join(folder, "deep/er"), { recursive: true });
    const facts = {
      commit_hash: git("rev-parse", "HEAD"),
      branch: "main",
      repository_url: "https://example.org/a.git",
    };
    assert.deepEqual(await gitFacts(folder), facts);
    assert.deepEqual(await gitFacts(join(folder, "deep/er")), facts);
  });

  test("is found where references are packed, and without a branch where there is none", async () => {
    commit();
    git("branch", "topic/of-mine");
    git("pack-refs", "--all");
    git("checkout", "--quiet", "topic/of-mine");
    const commit_hash = git("rev-parse", "HEAD");
    assert.deepEqual(await gitFacts(folder), { commit_hash, branch: "topic/of-mine" });
    git("checkout", "--quiet", "--detach");
    assert.deepEqual(await gitFacts(folder), { commit_hash });
  });

  test("is that of the worktree that one is in", async () => {
    commit();
    const worktree = join(folder, "tree");
    git("worktree", "add", "--quiet", "-b", "side", worktree);
    git("remote", "add", "origin", "git@example.org:a.git");
    assert.deepEqual(await gitFacts(worktree), {
      commit_hash: git("rev-parse", "side"),
      branch: "side",
      repository_url: "git@example.org:a.git",
    });
  });

  test("is the branch alone before the first commit, and nothing outside of a repository", async () => {
    assert.deepEqual(await gitFacts(folder), { branch: "main" });
    assert.equal(await gitFacts("/proc"), undefined);
  });

  test("waits for nothing and runs nothing that a repository names", async () => {
    commit();
    const proof = join(folder, "proof");
    const script = join(folder, "monitor.sh");
    fs.writeFileSync(script, `#!/bin/sh\ntouch ${proof}\n`, { mode: 0o755 });
    git("config", "core.fsmonitor", script);
    await gitFacts(folder);
    assert.equal(fs.existsSync(proof), false);
    git("status"); // the control
    assert.equal(fs.existsSync(proof), true);
    for (const name of ["HEAD", "config", "packed-refs"]) {
      fs.rmSync(join(folder, ".git", name), { force: true });
      execFileSync("mkfifo", [join(folder, ".git", name)]);
    }
    assert.equal(await gitFacts(folder), undefined);
  });

  test("holds nothing of a file that a reference leads to outside of the repository", async () => {
    commit();
    fs.writeFileSync(join(folder, "secret"), `${"a".repeat(40)}\n`);
    for (const head of ["ref: refs/../../secret", "ref: refs/heads/../../../secret", "ref: /etc/hostname"]) {
      fs.writeFileSync(join(folder, ".git/HEAD"), `${head}\n`);
      assert.equal((await gitFacts(folder))?.commit_hash, undefined, head);
    }
  });

  for (const [url, expected] of [
    ["https://user:secret@example.org/a/b.git", "https://example.org/a/b.git"],
    ["https://ghp_secret@example.org/a.git", "https://example.org/a.git"],
    ["https://a:b@c@example.org:8443/a.git?token=secret#x", "https://example.org:8443/a.git"],
    ["ssh://git@example.org:22/a@b.git", "ssh://example.org:22/a@b.git"],
    ["cached::https://user:secret@example.org/a.git", "cached::https://example.org/a.git"],
    ["git@example.org:a/b.git", "git@example.org:a/b.git"],
    ["/work/a.git", "/work/a.git"],
  ] as const) {
    test(`names ${expected} without what opens it`, () => assert.equal(withoutCredentials(url), expected));
  }
});
