// `codex apply`: what it fetches, what it changes, and what it refuses.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import fs from "node:fs";
import type { ServerResponse } from "node:http";
import { join } from "node:path";
import { afterEach, beforeEach, describe, test } from "node:test";
import {
  accessToken,
  chatgptLogin,
  startTaskService,
  type TaskService,
  taskWith,
} from "../../mock/task-service.ts";
import { type CodexResult, makeFolder, runCodex } from "../codex-process.ts";

/** Changes the second of three lines. */
function changing(file: string): string {
  return [
    `diff --git a/${file} b/${file}`,
    `--- a/${file}`,
    `+++ b/${file}`,
    "@@ -1,3 +1,3 @@",
    " one",
    "-two",
    "+2",
    " three",
    "",
  ].join("\n");
}

describe("codex apply", () => {
  let root: string;
  let repository: string;
  let service: TaskService | undefined;

  beforeEach(() => {
    root = makeFolder();
    repository = join(root, "work");
    for (const folder of ["home", "work", "work/inner"]) fs.mkdirSync(join(root, folder));
    fs.writeFileSync(join(root, "home/auth.json"), JSON.stringify(chatgptLogin()), { mode: 0o600 });
    fs.writeFileSync(join(repository, "numbers.txt"), "one\ntwo\nthree\n");
    git("init", "--quiet");
    git("add", ".");
    git("-c", "user.name=T", "-c", "user.email=t@example.com", "commit", "--quiet", "-m", "first");
  });
  afterEach(async () => {
    await service?.close();
    service = undefined;
    fs.rmSync(root, { recursive: true, force: true });
  });

  function git(...args: readonly string[]): void {
    const { status, stderr } = spawnSync("git", args, { cwd: repository, encoding: "utf8" });
    assert.equal(status, 0, stderr);
  }
  async function apply(
    tasks: Parameters<typeof startTaskService>[0],
    { cwd = repository, baseUrl = "", suffix = "", id = "task" } = {},
  ): Promise<CodexResult> {
    service = await startTaskService(tasks);
    const home = join(root, "home");
    return runCodex({
      args: ["apply", "-c", `chatgpt_base_url="${baseUrl || service.baseUrl}${suffix}"`, id],
      cwd,
      environment: { HOME: home, CODEX_HOME: home },
    });
  }
  const numbers = () => fs.readFileSync(join(repository, "numbers.txt"), "utf8");

  test("applies the diff at the root of the repository, from a folder inside of it, with one request", async () => {
    const { code, stdout, stderr } = await apply(
      { task: taskWith(changing("numbers.txt")) },
      { cwd: join(repository, "inner") },
    );
    assert.deepEqual(
      { code, stdout, stderr },
      { code: 0, stdout: "Successfully applied diff\n", stderr: "" },
    );
    assert.equal(numbers(), "one\n2\nthree\n");
    assert.deepEqual(service?.asked, [
      { path: "/wham/tasks/task", authorization: `Bearer ${accessToken}`, account: "account-1" },
    ]);
  });

  test("takes a base URL with slashes at its end, and an id with signs that a path does not take", async () => {
    const { code } = await apply(
      { "a/b?c": taskWith(changing("numbers.txt")) },
      { suffix: "/api//", id: "a/b?c" },
    );
    assert.deepEqual([code, service?.asked[0]?.path], [0, "/api/wham/tasks/a%2Fb%3Fc"]);
  });

  test("a diff that does not fit is told in git's words, with counts, and changes nothing", async () => {
    fs.writeFileSync(join(repository, "numbers.txt"), "other\n");
    git("add", ".");
    const { code, stdout, stderr } = await apply({ task: taskWith(changing("numbers.txt")) });
    assert.deepEqual([code, stdout, numbers()], [1, "", "other\n"]);
    assert.match(stderr, /^Error: Git apply failed \(applied=0, skipped=1, conflicts=0\)\nstdout:\n/);
    assert.match(stderr, /error: patch failed: numbers\.txt:1/);
  });

  for (const [place, file] of [
    ["outside of the repository", "../outside.txt"],
    ["below .git", ".git/config"],
    ["behind a symbolic link", "link/outside.txt"],
  ] as const) {
    test(`a diff cannot write ${place}`, async () => {
      fs.symlinkSync(root, join(repository, "link"));
      const outside = () => fs.readdirSync(root).sort();
      const before = [outside(), fs.readFileSync(join(repository, ".git/config"), "utf8")];
      const made = [
        `diff --git a/${file} b/${file}`,
        "new file mode 100644",
        "--- /dev/null",
        `+++ b/${file}`,
        "@@ -0,0 +1 @@",
        "+taken",
        "",
      ].join("\n");
      const { code } = await apply({ task: taskWith(made) });
      assert.equal(code, 1);
      assert.deepEqual([outside(), fs.readFileSync(join(repository, ".git/config"), "utf8")], before);
    });
  }

  for (const [what, task, message] of [
    ["without a turn", { current_diff_task_turn: null }, "No diff turn found"],
    ["without a diff", { current_diff_task_turn: { output_items: [] } }, "No PR output item found"],
  ] as const) {
    test(`a task ${what} is told as the original tells it`, async () => {
      const { code, stderr } = await apply({ task });
      assert.deepEqual([code, stderr], [1, `Error: ${message}\n`]);
    });
  }

  test("no answer and no error shows the token, and control characters of an answer are made visible", async () => {
    const { code, stderr } = await apply({
      task: (response: ServerResponse) => response.writeHead(403).end("no\u001b[2Jway"),
    });
    assert.deepEqual(
      [code, stderr],
      [1, "Error: Request failed with status 403 Forbidden: no\u241b[2Jway\n"],
    );
    assert.doesNotMatch(stderr, new RegExp(accessToken));
  });

  test("a redirect is not followed: the token stays with the host that it is for", async () => {
    const other = await startTaskService({ task: taskWith(changing("numbers.txt")) });
    try {
      const { code, stderr } = await apply({
        task: (response: ServerResponse) =>
          response.writeHead(302, { location: `${other.baseUrl}/wham/tasks/task` }).end(),
      });
      assert.equal(code, 1);
      assert.match(stderr, /^Error: Request failed with status 302 Found/);
      assert.deepEqual(other.asked, []);
    } finally {
      await other.close();
    }
  });

  test("nothing is sent in the clear to another machine", async () => {
    const { code, stderr } = await apply({}, { baseUrl: "http://chatgpt.example" });
    assert.equal(code, 1);
    assert.match(stderr, /^Error: chatgpt_base_url is not an https URL/);
  });

  test("outside of a repository nothing is asked", async () => {
    const { code, stderr } = await apply({ task: taskWith(changing("numbers.txt")) }, { cwd: root });
    assert.equal(code, 1);
    assert.match(stderr, /^Error: .* is not in a git repository\n/);
    assert.deepEqual(service?.asked, []);
  });

  test("an API key is no login for it", async () => {
    fs.writeFileSync(join(root, "home/auth.json"), '{"OPENAI_API_KEY":"sk-x"}', { mode: 0o600 });
    const { code, stderr } = await apply({ task: taskWith(changing("numbers.txt")) });
    assert.deepEqual(
      [code, stderr],
      [1, "Error: ChatGPT token not available\nhint: log in with: codex login\n"],
    );
    assert.deepEqual(service?.asked, []);
  });
});
