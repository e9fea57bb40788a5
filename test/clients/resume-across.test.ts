// Sessions that one program has recorded and another one goes on with: ours, 0.50.0 and the newest release,
// each with the files of each. What counts is what the model is told.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import fs from "node:fs";
import { describe, test } from "node:test";
import { readRollout } from "../../agent/sessions/read-rollout.ts";
import { calls, callsAtCost, execCommandCall, says, shellCall, summarizes } from "../mock/scenarios.ts";
import { startScriptedUpstream } from "../mock/scripted-upstream.ts";
import { rolloutFiles } from "./exec-chain.ts";
import { inFreshPlace, newest, ours, reference, runSubject, type Subject } from "./originals.ts";

const large = { input: 260_000, output: 100 };

/** Two runs, the second one of another program: a call of a tool and an answer, then another answer. */
async function across(recorder: Subject, resumer: Subject, hasSummary: boolean) {
  const command = "printf marker";
  const call = recorder === newest ? execCommandCall(command) : shellCall(command);
  const answers = [says("first answer"), says("second answer")];
  const upstream = await startScriptedUpstream(
    hasSummary
      ? summarizes("THE SUMMARY", [callsAtCost(large, call), ...answers])
      : [calls(call), ...answers],
  );
  try {
    return await inFreshPlace(async (place) => {
      spawnSync("git", ["init", "--quiet", place.cwd]);
      const table = `{name="mock",base_url="${upstream.baseUrl}",wire_api="responses"}`;
      const settings = [
        "-c",
        `model_providers.mock=${table}`,
        "-c",
        "model_provider=mock",
        "-m",
        "gpt-5-codex",
      ];
      const run = async (subject: Subject, ...args: string[]) => {
        const { code, stderr } = await runSubject(subject, {
          ...place,
          args: ["exec", ...settings, ...args],
        });
        assert.equal(code, 0, stderr);
      };
      await run(recorder, "first prompt");
      const [file = ""] = rolloutFiles(place.home);
      const before = fs.readFileSync(file, "utf8");
      const { id } = await readRollout(file);
      await run(resumer, "resume", id, "second prompt");
      assert.deepEqual(rolloutFiles(place.home), [file], "the same file goes on");
      assert.ok(fs.readFileSync(file, "utf8").startsWith(before), "what was recorded stays");
      const { history, warnings } = await readRollout(file);
      assert.deepEqual(warnings, []);
      return { told: conversation(upstream.requests.at(-1)?.body.input), recorded: conversation(history) };
    });
  } finally {
    await upstream.close();
  }
}

/** What was said and called, in a word each; what programs tell the model of themselves is left out. */
function conversation(items: unknown): readonly string[] {
  return (items as readonly Record<string, unknown>[]).flatMap((item) => {
    if (typeof item.call_id === "string") return [`${item.type} ${/marker/.test(JSON.stringify(item))}`];
    if (item.type !== "message" || item.role === "developer") return [];
    const text = (item.content as readonly { readonly text: string }[]).map((part) => part.text).join("\n");
    if (/^\s*(<|# AGENTS)/.test(text)) return [];
    const summary = /THE SUMMARY/.test(text) ? ["summary"] : [];
    return [
      `${item.role}: ${[...(text.match(/(first|second) (prompt|answer)/g) ?? []), ...summary].join(", ")}`,
    ];
  });
}

const programs: readonly Subject[] = [ours, reference, newest];
for (const recorder of programs) {
  for (const resumer of programs) {
    if (recorder !== ours && resumer !== ours) continue;
    const skip = recorder.skip || resumer.skip;
    describe(`a session of ${recorder.name} that ${resumer.name} goes on with`, { skip }, () => {
      test("tells the model all that was said and called", async () => {
        const { told, recorded } = await across(recorder, resumer, false);
        const expected = [
          "user: first prompt",
          "function_call true",
          "function_call_output true",
          "assistant: first answer",
          "user: second prompt",
        ];
        assert.deepEqual(told, expected);
        assert.deepEqual(recorded, [...expected, "assistant: second answer"]);
      });

      test("tells the model the words of the user and the summary where there was one", async () => {
        const { told } = await across(recorder, resumer, true);
        const text = told.join("\n");
        assert.match(text, /user: .*first prompt/);
        assert.match(text, /summary/);
        assert.match(text, /assistant: first answer\nuser: second prompt$/);
        assert.doesNotMatch(text, /function_call/);
      });
    });
  }
}
