// What scripts rely on when they call `codex exec` and `codex apply`, each claim seen to hold of ours and of
// 0.50.0 by the same code. (Patches have a table of their own: apply-patch.test.ts.)

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import fs from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import {
  breaksOff,
  calls,
  comesBackIn,
  fallsSilent,
  planCall,
  planUsedUp,
  rateLimited,
  says,
  saysAndCalls,
  shellCall,
} from "../mock/scenarios.ts";
import { accessToken, chatgptLogin, startTaskService, taskWith } from "../mock/task-service.ts";
import { playExec } from "./exec-chain.ts";
import { plays } from "./exec-plays.ts";
import { inFreshPlace, ours, reference, runSubject, type Subject } from "./originals.ts";

const go = [{ args: ["go"] }];

function typesOf(lines: readonly Readonly<Record<string, unknown>>[]): readonly string[] {
  return lines.map(({ type, item }) => {
    const kind = (item as { type?: string } | undefined)?.type;
    return kind === undefined ? String(type) : `${type} ${kind}`;
  });
}

function acceptance(subject: Subject): void {
  test("outside of a repository it wants --skip-git-repo-check, and works with it", async () => {
    const play = { script: [says("Hello.")], isJson: false, inGit: false };
    const refused = await playExec(subject, { ...play, runs: [{ args: ["hi"] }] });
    assert.deepEqual(
      { codes: refused.codes, stderr: refused.stderr.trimEnd(), requests: refused.requests.length },
      {
        codes: [1],
        stderr: "Not inside a trusted directory and --skip-git-repo-check was not specified.",
        requests: 0,
      },
    );
    const allowed = await playExec(subject, { ...play, runs: [{ args: ["--skip-git-repo-check", "hi"] }] });
    assert.deepEqual([allowed.codes, allowed.stdout], [[0], "Hello.\n"]);
  });

  test("an empty stdin is no prompt", async () => {
    const run = await playExec(subject, {
      script: [says("never")],
      isJson: false,
      runs: [{ args: [], input: "" }],
    });
    assert.deepEqual([run.codes, run.stdout], [[1], ""]);
    assert.equal(run.stderr, "Reading prompt from stdin...\nNo prompt provided via stdin.\n");
  });

  test("stdout is the message and a newline; the file of -o has it without one", async () => {
    const play = { script: [says("Hello.\nThere.")], isJson: false };
    const run = await playExec(subject, { ...play, runs: [{ args: ["-o", "last.txt", "hi"] }] });
    assert.deepEqual(
      [run.codes, run.stdout, run.files],
      [[0], "Hello.\nThere.\n", { "last.txt": "Hello.\nThere." }],
    );
  });

  test("as JSON: thread, turn, items, the plan at the end, turn", async () => {
    const run = await playExec(subject, {
      script: [
        saysAndCalls("Looking.", planCall([{ step: "look", status: "in_progress" }], "c1")),
        calls(shellCall("echo hi", "c2")),
        says("Done."),
      ],
      runs: go,
    });
    assert.deepEqual(typesOf(run.lines), [
      "thread.started",
      "turn.started",
      "item.completed reasoning",
      "item.completed agent_message",
      "item.started todo_list",
      "item.started command_execution",
      "item.completed command_execution",
      "item.completed agent_message",
      "item.completed todo_list",
      "turn.completed",
    ]);
  });

  test("a stream that breaks off and a rate limit are two lines and three requests", async () => {
    const run = await playExec(subject, {
      script: [breaksOff, rateLimited, says("ok")],
      isJson: false,
      runs: go,
    });
    const notices = run.stderr.split("\n").filter((line) => line.includes("Re-connecting..."));
    assert.deepEqual([run.codes, notices.length, run.requests.length, run.stdout], [[0], 2, 3, "ok\n"]);
  });

  test("429 with Retry-After is waited for in silence", async () => {
    const run = await playExec(subject, { script: [comesBackIn(1), says("ok")], runs: go });
    assert.deepEqual([run.codes, run.requests.length], [[0], 2]);
    assert.deepEqual(typesOf(run.lines), [
      "thread.started",
      "turn.started",
      "item.completed agent_message",
      "turn.completed",
    ]);
  });

  test("a stream that falls silent is opened anew after stream_idle_timeout_ms", async () => {
    const run = await playExec(subject, {
      script: [fallsSilent, says("ok")],
      provider: ",stream_idle_timeout_ms=500",
      runs: go,
    });
    assert.deepEqual([run.codes, run.requests.length], [[0], 2]);
  });

  test("a plan that is used up is final after one request", async () => {
    const script = [planUsedUp("plus", Math.floor(Date.now() / 1000) + 8_900)];
    const run = await playExec(subject, { script, runs: go });
    assert.deepEqual([run.codes, run.requests.length], [[1], 1]);
    assert.deepEqual(typesOf(run.lines), ["thread.started", "turn.started", "error", "turn.failed"]);
    const [, , error, failed] = run.lines as readonly { message?: string; error?: { message: string } }[];
    assert.match(error?.message ?? "", /^You've hit your usage limit\./);
    assert.equal(failed?.error?.message, error?.message);
  });

  test("a history above the limit is summarized without tools, and the turn goes on with the summary", async () => {
    const run = await playExec(subject, plays["a history that grows too long before a command's answer"]);
    const toolCounts = run.requests.map(({ tools }) => (tools as unknown[]).length > 0);
    assert.deepEqual([run.codes, toolCounts], [[0], [true, false, true]]);
    const last = JSON.stringify((run.requests[2]?.input as unknown[] | undefined)?.at(-1));
    assert.match(last, /SUMMARY/);
    const summaries = run.rollouts
      .flat()
      .filter(({ type }) => type === "compacted")
      .map(({ payload }) => (payload as { message?: string }).message);
    assert.deepEqual(summaries, ["SUMMARY"]);
  });

  test("of much output the model sees 128 lines of each end, and the event has all of it", async () => {
    const run = await playExec(subject, plays["a command with much output"]);
    const numbers = (from: number, to: number) =>
      Array.from({ length: to - from + 1 }, (_, index) => `${from + index}\n`).join("");
    const output = (run.requests[1]?.input as { output?: string }[] | undefined)?.at(-1);
    assert.equal(
      output?.output,
      "Exit code: 0\nWall time: TIME seconds\nTotal output lines: 2000\nOutput:\n" +
        `${numbers(1, 128)}\n[... omitted 1744 of 2000 lines ...]\n\n${numbers(1873, 2000)}`,
    );
    const items = run.lines.map(({ item }) => item as { aggregated_output?: string } | undefined);
    assert.equal(items.findLast((item) => item?.aggregated_output)?.aggregated_output, numbers(1, 2000));
  });

  test("exec resume keeps the id, appends to the same file and sends what was said", async () => {
    const run = await playExec(subject, plays["a session that is resumed by its id"]);
    assert.deepEqual([run.codes, run.rollouts.length], [[0, 0], 1]);
    const input = run.requests.at(-1)?.input as { role?: string; content?: { text: string }[] }[];
    const said = input
      .filter(
        ({ role, content }) => role === "assistant" || /^(first|second)$/.test(content?.[0]?.text ?? ""),
      )
      .map(({ content }) => content?.[0]?.text);
    assert.deepEqual(said, ["first", "one", "second"]);
  });

  test("exec resume --last goes on with the newest session", async () => {
    const run = await playExec(subject, plays["the last session, resumed"]);
    assert.deepEqual([run.codes, run.rollouts.length, run.requests.length], [[0, 0], 1, 2]);
    const texts = JSON.stringify(run.requests[1]?.input);
    assert.match(texts, /"first".*"one".*"second"/s);
  });

  test("apply fetches a task's diff and applies it, also twice; an unknown task is an error", async () => {
    const diff = [
      "diff --git a/made.txt b/made.txt",
      "new file mode 100644",
      "index 0000000..ce01362",
      "--- /dev/null",
      "+++ b/made.txt",
      "@@ -0,0 +1 @@",
      "+hello",
      "",
    ].join("\n");
    const service = await startTaskService({ task_1: taskWith(diff) });
    try {
      await inFreshPlace(async (place) => {
        spawnSync("git", ["init", "--quiet", place.cwd]);
        fs.writeFileSync(join(place.home, "auth.json"), JSON.stringify(chatgptLogin()), { mode: 0o600 });
        const setting = `chatgpt_base_url="${service.baseUrl}"`;
        const apply = (task: string) =>
          runSubject(subject, { ...place, args: ["apply", "-c", setting, task] });
        for (let time = 0; time < 2; time++) {
          const { code, stdout } = await apply("task_1");
          assert.deepEqual([code, stdout], [0, "Successfully applied diff\n"]);
          assert.equal(fs.readFileSync(join(place.cwd, "made.txt"), "utf8"), "hello\n");
        }
        const unknown = await apply("task_2");
        assert.equal(unknown.code, 1);
        assert.match(unknown.stderr, /^Error: Request failed with status 404 Not Found: \{\}/);
        assert.deepEqual(service.asked[0], {
          path: "/wham/tasks/task_1",
          authorization: `Bearer ${accessToken}`,
          account: "account-1",
        });
      });
    } finally {
      await service.close();
    }
  });

  test("apply without a login of ChatGPT is refused", async () => {
    await inFreshPlace(async (place) => {
      const { code, stderr } = await runSubject(subject, { ...place, args: ["apply", "task_1"] });
      assert.equal(code, 1);
      assert.match(stderr, /^Error: ChatGPT token not available/);
    });
  });
}

for (const subject of [ours, reference]) {
  describe(`codex exec and apply: ${subject.name}`, { skip: subject.skip, concurrency: 2 }, () =>
    acceptance(subject),
  );
}
