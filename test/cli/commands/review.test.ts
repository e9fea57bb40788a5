// `codex review` and `codex exec review`, as a user runs them, against a model that follows a script.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import fs from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, test } from "node:test";
import { calls, says, shellCall } from "../../mock/scenarios.ts";
import { type ScriptedUpstream, type Step, startScriptedUpstream } from "../../mock/scripted-upstream.ts";
import { type CodexResult, makeFolder, runCodex } from "../codex-process.ts";

const answer = JSON.stringify({
  findings: [
    {
      title: "[P1] Count the first price",
      body: "It is left out.",
      confidence_score: 0.9,
      priority: 1,
      code_location: { absolute_file_path: "/work/total.js", line_range: { start: 2, end: 3 } },
    },
  ],
  overall_correctness: "patch is incorrect",
  overall_explanation: "One fault.",
  overall_confidence_score: 0.8,
});
const review =
  "One fault.\n\nReview comment:\n\n- [P1] Count the first price — /work/total.js:2-3\n  It is left out.";

describe("codex review", () => {
  let root: string;
  let work: string;
  let upstream: ScriptedUpstream;

  beforeEach(() => {
    root = makeFolder();
    work = join(root, "work");
    for (const folder of ["home", "work"]) fs.mkdirSync(join(root, folder));
    git("init", "--quiet", "-b", "main");
    git("commit", "--quiet", "--allow-empty", "-m", "first");
  });
  afterEach(async () => {
    await upstream.close();
    fs.rmSync(root, { recursive: true, force: true });
  });

  function git(...args: readonly string[]): void {
    const identity = ["-c", "user.name=T", "-c", "user.email=t@example.com"];
    assert.equal(spawnSync("git", [...identity, ...args], { cwd: work }).status, 0);
  }
  async function run(args: readonly string[], steps: readonly Step[] = [says(answer)]): Promise<CodexResult> {
    upstream = await startScriptedUpstream(steps);
    const table = `{name="mock",base_url="${upstream.baseUrl}",wire_api="responses"}`;
    const home = join(root, "home");
    return runCodex({
      args: ["-c", `model_providers.mock=${table}`, "-c", "model_provider=mock", ...args],
      cwd: work,
      environment: { HOME: home, CODEX_HOME: home },
    });
  }
  const lastMessageOf = (index: number) => {
    const input = upstream.requests[index]?.body.input as { content: { text: string }[] }[] | undefined;
    return input?.at(-1)?.content[0]?.text ?? "";
  };

  test("prints the review for people on stdout; the model gets instructions of reviews", async () => {
    const { code, stdout, stderr } = await run(["review", "--uncommitted"]);
    assert.deepEqual([code, stdout], [0, `${review}\n`], stderr);
    assert.match(stderr, /\nuser\ncurrent changes\n/);
    assert.match(lastMessageOf(0), /not committed yet/);
    assert.match(String(upstream.requests[0]?.body.instructions), /^You review a change/);
  });

  test("runs commands, and its JSON lines and -o have the review in the place of the model's JSON", async () => {
    const file = join(root, "last.txt");
    const { code, stdout } = await run(
      ["exec", "review", "--json", "-o", file, "--base", "main"],
      [calls(shellCall("git status --short", "c1")), says(answer)],
    );
    assert.equal(code, 0);
    const items = stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line))
      .filter(({ type }) => type === "item.completed")
      .map(({ item }) => [item.type, item.text ?? item.status]);
    assert.deepEqual(items, [
      ["command_execution", "completed"],
      ["agent_message", review],
    ]);
    assert.equal(fs.readFileSync(file, "utf8"), review);
  });

  test("asks review_model where it is set, else the model of the session", async () => {
    await run(["-c", "review_model=reviewer", "exec", "-m", "worker", "review", "--uncommitted"]);
    assert.equal(upstream.requests[0]?.body.model, "reviewer");
    await upstream.close();
    await run(["exec", "-m", "worker", "review", "--uncommitted"]);
    assert.equal(upstream.requests[0]?.body.model, "worker");
  });

  test("takes a review in the user's own words", async () => {
    const { code } = await run(["review", "Look at total.js"]);
    assert.deepEqual([code, lastMessageOf(0)], [0, "Look at total.js"]);
  });

  test("fails where the model cannot be asked", async () => {
    const { code, stdout } = await run(
      ["exec", "review", "--json", "--uncommitted"],
      [{ status: 400, body: '{"error":{"message":"no"}}' }],
    );
    assert.equal(code, 1);
    assert.match(stdout, /\{"type":"turn\.failed".*\}\n$/);
  });

  for (const [args, status, message] of [
    [[], 1, "Error: Specify --uncommitted, --base, --commit, or provide custom review instructions"],
    [
      ["--base", "a", "--commit", "b"],
      2,
      "error: the argument '--base <BRANCH>' cannot be used with '--commit <SHA>'",
    ],
    [["--uncommitted", "x"], 2, "error: the argument '--uncommitted' cannot be used with '[PROMPT]'"],
    [["--title", "x", "--uncommitted"], 2, "error: the following required arguments were not provided:"],
    [["--base", "nosuch"], 1, "Error: no branch `nosuch` has a commit in common with HEAD"],
    [["--commit", "nosuch"], 1, "Error: no commit `nosuch` in this repository"],
  ] as const) {
    test(`review ${args.join(" ")} is refused before a model is asked`, async () => {
      const { code, stderr } = await run(["review", ...args]);
      assert.deepEqual([code, stderr.split("\n")[0], upstream.requests.length], [status, message, 0]);
    });
  }
});
