// A thread goes on from its record, whatever state that was left in; and stays quick however long it is.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { InputItem } from "../../../agent/model-client/items.ts";
import type { RecordedThread } from "../../../agent/sessions/thread-store.ts";
import { History } from "../../../agent/thread/history.ts";
import { says } from "../../mock/scenarios.ts";
import { brief, inputOf, open, userSays } from "./open-thread.ts";

const usage = {
  inputTokens: 100,
  cachedInputTokens: 0,
  outputTokens: 10,
  reasoningOutputTokens: 0,
  totalTokens: 110,
};

function recorded(history: readonly InputItem[], changes: Partial<RecordedThread> = {}): RecordedThread {
  return {
    ...{ id: "0199f1f0-0000-7000-8000-000000000001", file: "/x", size: 0, wholeSize: 0 },
    ...{ history, totalUsage: usage, lastUsage: usage, contextTokens: 110, entries: [], warnings: [] },
    meta: {
      ...{
        id: "0199f1f0-0000-7000-8000-000000000001",
        timestamp: "",
        cwd: "/work",
        originator: "codex_exec",
      },
      ...{ cli_version: "0.50.0", instructions: null, source: "exec" },
    },
    lastContext: {
      ...{ cwd: "/work", approval_policy: "never", sandbox_policy: { mode: "read-only" } },
      ...{ model: "gpt-5-codex", summary: "auto" },
    },
    ...changes,
  };
}

const opening = userSays("<environment_context>/work</environment_context>");
const call: InputItem = { type: "function_call", name: "shell", arguments: "{}", call_id: "c1" };

describe("a thread that was recorded", () => {
  test("goes on where it was, and says what has changed since", async () => {
    const history = [opening, userSays("first"), call];
    const opened = await open([says("Done.")], { resume: recorded(history), config: { cwd: "/other" } });
    await opened.say("second");
    await opened.close();
    assert.deepEqual(brief(inputOf(opened, 0)), [
      "user: <environment_context>/work</environment_context>",
      "user: first",
      "function_call c1",
      "c1 -> aborted",
      "user: <environment_context>now /other</environment_context>",
      "user: second",
    ]);
    assert.deepEqual(opened.events[0], {
      type: "thread.started",
      threadId: opened.thread.id,
      isResumed: true,
    });
    // What was in the file already is not written again.
    assert.deepEqual(
      brief(opened.entries.flatMap(({ type, payload }) => (type === "response_item" ? [payload] : []))),
      ["user: <environment_context>now /other</environment_context>", "user: second", "assistant: Done."],
    );
  });

  test("counts from where it was, and says at the end of a turn what this process has cost", async () => {
    const opened = await open([says("Done.")], { resume: recorded([opening, userSays("first")]) });
    await opened.say("second");
    await opened.close();
    const end = opened.events.at(-1);
    assert.equal(end?.type === "turn.completed" && end.totalUsage?.inputTokens, 1200);
    const counted = opened.events.find((event) => event.type === "usage.updated");
    assert.equal(counted?.totalUsage.inputTokens, 1300);
    const entry = opened.entries.at(-1);
    assert.ok(entry?.type === "event_msg" && entry.payload.type === "token_count");
    assert.equal(entry.payload.info?.total_token_usage.input_tokens, 1300);
  });

  test("that holds nothing begins as a new one does", async () => {
    const resume = recorded([], { lastContext: undefined, totalUsage: undefined, lastUsage: undefined });
    const opened = await open([says("Done.")], { resume });
    await opened.say("first");
    await opened.close();
    assert.deepEqual(brief(inputOf(opened, 0)), [
      "user: <environment_context>/work</environment_context>",
      "user: first",
    ]);
  });
});

test("a history of 5,000 turns is not copied, nor looked through, when something is added to it", () => {
  const history = new History(
    Array.from({ length: 5_000 }, (_, turn) => [
      userSays(`turn ${turn}`),
      { ...call, call_id: `c${turn}` },
      { type: "function_call_output", call_id: `c${turn}`, output: "ok" },
    ]).flat(),
  );
  const { items } = history;
  let looks = 0;
  const watched = new Proxy(userSays("one more"), {
    get(target, member) {
      looks++;
      return Reflect.get(target, member);
    },
  });
  history.add([watched]);
  assert.equal(history.items, items);
  assert.equal(items.length, 15_001);
  history.add([userSays("and another")]);
  assert.equal(looks, 0);
});
