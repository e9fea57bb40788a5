// What happens when a conversation fills the model's window, in numbers of the service or by its refusal.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { ModelError } from "../../../agent/model-client/errors.ts";
import type { ModelEvent } from "../../../agent/model-client/model-events.ts";
import { summarize } from "../../../agent/thread/compaction.ts";
import { callsAtCost, functionCall } from "../../mock/scenarios/calls.ts";
import { asksForSummary, summarizes } from "../../mock/scenarios/compaction.ts";
import { contextFull, refuses } from "../../mock/scenarios/limits.ts";
import { says } from "../../mock/scenarios.ts";
import { brief, inputOf, type Opened, open, told, tool } from "./open-thread.ts";

const echo = tool("echo", () => ({ output: "ok" }));
const context = "user: <environment_context>/work</environment_context>";
/** above the limit of the model, which is 244,800 */
const much = { input: 250_000, output: 100 };
const call = (tokens = {}) => callsAtCost(tokens, functionCall("echo", {}, "c1"));

function summaryIn(opened: Opened, index: number): string {
  return brief(inputOf(opened, index)).find((line) => line.includes("THE SUMMARY")) ?? "";
}

function kinds({ upstream }: Opened): readonly string[] {
  return upstream.requests.map((request) => (asksForSummary(request) ? "summary" : "turn"));
}

describe("a history above the limit", () => {
  test("is summarized without tools before the next request, which goes on from the summary", async () => {
    const opened = await open(summarizes("THE SUMMARY", [call(much), says("Done.")]), { tools: [echo] });
    assert.equal(await opened.say("go"), "completed");
    await opened.close();
    assert.deepEqual(kinds(opened), ["turn", "summary", "turn"]);
    const [, summary, last] = opened.upstream.requests.map(({ body }) => body);
    assert.deepEqual(
      [summary?.tools, summary?.parallel_tool_calls, summary?.instructions],
      [[], false, "instructions for echo"],
    );
    assert.deepEqual(brief(inputOf(opened, 1)), [
      context,
      "user: go",
      "function_call c1",
      "c1 -> ok",
      "user: SUMMARIZE",
    ]);
    assert.deepEqual(last?.tools, [{ type: "function", name: "echo" }]);
    assert.deepEqual(brief(inputOf(opened, 2)).slice(0, 2), [context, "user: go"]);
    assert.equal(inputOf(opened, 2).length, 3);
    assert.match(summaryIn(opened, 2), /THE SUMMARY$/);
  });

  test("is one item to the listener, and one entry of the record that holds what took its place", async () => {
    const opened = await open(summarizes("THE SUMMARY", [call(much), says("Done.")]), { tools: [echo] });
    await opened.say("go");
    await opened.close();
    assert.deepEqual(
      opened.events.flatMap((event) =>
        "item" in event && event.item.type === "compaction" ? [[event.type, event.item.summary]] : [],
      ),
      [
        ["item.started", ""],
        ["item.completed", "THE SUMMARY"],
      ],
    );
    assert.ok(!opened.events.some((event) => "item" in event && JSON.stringify(event).includes("SUMMARIZE")));
    const compacted = opened.entries.find(({ type }) => type === "compacted");
    assert.deepEqual(compacted?.payload, {
      message: "THE SUMMARY",
      replacement_history: inputOf(opened, 2),
    });
    const counted = opened.events.filter((event) => event.type === "usage.updated");
    assert.deepEqual(
      counted.map(({ lastUsage, totalUsage }) => [lastUsage.inputTokens, totalUsage.inputTokens]),
      [
        [250_000, 250_000],
        [500, 250_500],
        [1200, 251_700],
      ],
    );
  });

  test("after a last answer is summarized before the next turn, whose words stay behind the summary", async () => {
    const opened = await open(summarizes("THE SUMMARY", [says("One.", much), says("Two.")]), {
      tools: [echo],
    });
    assert.equal(await opened.say("first"), "completed");
    assert.deepEqual(kinds(opened), ["turn"]);
    assert.equal(await opened.say("second"), "completed");
    await opened.close();
    assert.deepEqual(brief(inputOf(opened, 1)), [
      context,
      "user: first",
      "assistant: One.",
      "user: SUMMARIZE",
    ]);
    const next = brief(inputOf(opened, 2));
    assert.deepEqual([next[0], next[1], next[3]], [context, "user: first", "user: second"]);
    assert.match(next[2] ?? "", /THE SUMMARY$/);
  });

  test("is summarized for settings that may change meanwhile: they are told of, once, when they hold", async () => {
    const script = summarizes("THE SUMMARY", [says("One.", much), says("Two."), says("Three.")]);
    const opened: Opened = await open(
      (request, index, earlier) => {
        if (asksForSummary(request)) opened.thread.update({ cwd: "/other" });
        return script(request, index, earlier);
      },
      { tools: [echo] },
    );
    for (const words of ["first", "second", "third"]) await opened.say(words);
    await opened.close();
    const change = "user: <environment_context>now /other</environment_context>";
    assert.ok(!brief(inputOf(opened, 2)).includes(change));
    assert.deepEqual(brief(inputOf(opened, 3)).slice(-3), ["assistant: Two.", change, "user: third"]);
  });

  test("that stays above it ends the turn, with the limit and the count", async () => {
    const opened = await open(summarizes("THE SUMMARY", [call(much)]), { tools: [echo] });
    assert.equal(await opened.say("go"), "failed");
    await opened.close();
    assert.deepEqual(kinds(opened), ["turn", "summary", "turn"]);
    const failed = opened.events.at(-1);
    assert.ok(failed?.type === "turn.failed");
    assert.match(
      failed.error.message,
      /^Conversation is still above the token limit after automatic summarization \(limit 244800, current 250\d{3}\)\. Please start a new session or trim your input\.$/,
    );
  });

  test("may be summarized many times in one turn, as long as each time made room", async () => {
    const turns = [call(much), call(), call(much), call(), says("Done.")];
    const opened = await open(summarizes("THE SUMMARY", turns), { tools: [echo] });
    assert.equal(await opened.say("go"), "completed");
    await opened.close();
    assert.deepEqual(kinds(opened), ["turn", "summary", "turn", "turn", "summary", "turn", "turn"]);
    assert.deepEqual(brief(inputOf(opened, 5)).filter((line) => line.includes("THE SUMMARY")).length, 1);
  });

  test("counts what has come since the last count", async () => {
    const large = tool("echo", () => ({ output: "x".repeat(400_000) }));
    const turns = [call({ input: 200_000 }), says("Done.")];
    const opened = await open(summarizes("THE SUMMARY", turns), { tools: [large] });
    await opened.say("go");
    await opened.close();
    assert.deepEqual(kinds(opened), ["turn", "summary", "turn"]);
  });

  test("is decided by the limit of the configuration where there is one", async () => {
    const opened = await open(
      summarizes("THE SUMMARY", [call({ input: 900 }), says("Done.", { input: 9 })]),
      {
        tools: [echo],
        config: { modelAutoCompactTokenLimit: 500 },
      },
    );
    await opened.say("go");
    await opened.close();
    assert.deepEqual(kinds(opened), ["turn", "summary", "turn"]);
  });
});

describe("a history that the service has no room for", () => {
  test("is summarized, and the request is sent again", async () => {
    let turns = 0;
    const opened = await open(
      (request) => {
        if (asksForSummary(request)) return says("THE SUMMARY");
        return turns++ === 1 ? contextFull : turns === 1 ? call() : says("Done.");
      },
      { tools: [echo] },
    );
    assert.equal(await opened.say("go"), "completed");
    await opened.close();
    assert.deepEqual(kinds(opened), ["turn", "turn", "summary", "turn"]);
  });

  test("ends the turn where a summary does not help, and where there is nothing to summarize", async () => {
    let turns = 0;
    const opened = await open(
      (request) => (asksForSummary(request) ? says("THE SUMMARY") : turns++ === 0 ? call() : contextFull),
      { tools: [echo] },
    );
    assert.equal(await opened.say("go"), "failed");
    assert.deepEqual(kinds(opened), ["turn", "turn", "summary", "turn"]);
    await opened.close();

    const first = await open([contextFull], { tools: [echo] });
    assert.equal(await first.say("go"), "failed");
    await first.close();
    assert.equal(first.upstream.requests.length, 1);
    for (const { events } of [opened, first]) {
      const failed = events.at(-1);
      assert.equal(failed?.type === "turn.failed" && failed.error.code, "MODEL_CONTEXT_WINDOW");
    }
  });

  test("ends the turn where it has been summarized already, since its tokens were counted", async () => {
    const opened = await open(summarizes("THE SUMMARY", [call(much), contextFull]), { tools: [echo] });
    assert.equal(await opened.say("go"), "failed");
    await opened.close();
    assert.deepEqual(kinds(opened), ["turn", "summary", "turn"]);
  });

  test("ends the turn where nothing can be left out of what is summarized", async () => {
    const opened = await open((request) => (asksForSummary(request) ? contextFull : call(much)), {
      tools: [echo],
    });
    assert.equal(await opened.say("go"), "failed");
    await opened.close();
    assert.deepEqual(kinds(opened), ["turn", "summary", "summary"]);
    assert.deepEqual(brief(inputOf(opened, 2)), [context, "function_call c1", "c1 -> ok", "user: SUMMARIZE"]);
  });

  test("is summarized without its oldest items where even the summary has no room", async () => {
    const refusals = 3;
    let summaries = 0;
    let turns = 0;
    const opened = await open(
      (request) => {
        if (asksForSummary(request)) return summaries++ < refusals ? contextFull : says("THE SUMMARY");
        turns++;
        return turns <= 8 ? call() : turns === 9 ? contextFull : says("Done.");
      },
      { tools: [echo] },
    );
    assert.equal(await opened.say("go"), "completed");
    await opened.close();
    const lengths = opened.upstream.requests
      .filter(asksForSummary)
      .map(({ body }) => body.input as unknown[]);
    assert.equal(lengths.length, refusals + 1);
    for (const input of lengths) {
      const items = brief(input as Parameters<typeof brief>[0]);
      assert.deepEqual([items[0], items.at(-1)], [context, "user: SUMMARIZE"]);
      const callIds = items.filter((line) => line.startsWith("function_call ")).length;
      assert.equal(items.filter((line) => line.includes("->")).length, callIds);
    }
    const sizes = lengths.map(({ length }) => length);
    assert.deepEqual(
      sizes,
      [...sizes].sort((one, other) => other - one),
    );
    assert.equal(new Set(sizes).size, sizes.length);
  });
});

test("what was said before an answer broke off is not the summary", async () => {
  const said = (text: string) => ({ type: "message", content: [{ type: "output_text", text }] });
  const cause = new ModelError("MODEL_STREAM", "broken");
  async function* ask(): AsyncGenerator<ModelEvent> {
    yield { kind: "item-done", item: said("half of") };
    yield { kind: "retrying", repetition: 1, limit: 5, cause };
    yield { kind: "completed", responseId: undefined, usage: undefined };
  }
  const request = { history: [], initialCount: 0, prompt: "SUMMARIZE", ask, onEvent: () => {} };
  assert.equal(await summarize(request), "");
});

describe("a summary on demand", () => {
  test("is a turn of its own, after which the conversation goes on", async () => {
    const opened = await open(summarizes("THE SUMMARY", [says("One."), says("Two.")]), { tools: [echo] });
    await opened.say("first");
    assert.equal(await opened.thread.compact(new AbortController().signal), "completed");
    await opened.say("second");
    await opened.close();
    assert.deepEqual(kinds(opened), ["turn", "summary", "turn"]);
    const last = brief(inputOf(opened, 2));
    assert.deepEqual([last[0], last[1], last[3]], [context, "user: first", "user: second"]);
    assert.deepEqual(
      told(opened.events).filter((line) => line.startsWith("turn.")),
      ["turn.started", "turn.completed", "turn.started", "turn.completed", "turn.started", "turn.completed"],
    );
    assert.deepEqual(
      opened.completed.map(({ inputMessages }) => inputMessages),
      [["first"], ["second"]],
    );
  });

  test("leaves the history as it was when it fails or is interrupted, or when there is nothing", async () => {
    const abort = new AbortController();
    let asked = 0;
    const opened = await open(
      (request) => {
        if (!asksForSummary(request)) return says("Answer.");
        asked++;
        return asked === 1 ? refuses(400, {}) : { nothing: "silence" };
      },
      { tools: [echo] },
    );
    assert.equal(await opened.thread.compact(abort.signal), "failed");
    assert.equal(opened.upstream.requests.length, 0);
    await opened.say("first");
    assert.equal(await opened.thread.compact(abort.signal), "failed");
    const compaction = opened.thread.compact(abort.signal);
    await opened.upstream.received(3);
    abort.abort();
    assert.equal(await compaction, "interrupted");
    await opened.say("second");
    await opened.close();
    assert.deepEqual(brief(inputOf(opened, 3)), [
      context,
      "user: first",
      "assistant: Answer.",
      "user: second",
    ]);
    assert.deepEqual(told(opened.events).filter((line) => line.startsWith("item.dropped")).length, 2);
  });
});
