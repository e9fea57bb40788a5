// A thread as its listeners hear it, and what it sends from turn to turn.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { timeOrderedUuid } from "../../../agent/thread/uuid.ts";
import { breaksOff, fallsSilent, refuses, thinksAndSays } from "../../mock/scenarios.ts";
import { inputOf, open, told } from "./open-thread.ts";

describe("a thread", () => {
  test("tells of items from their start to their end, and of what broke off in between", async () => {
    const { events, say, close } = await open([breaksOff, thinksAndSays("Hello.")]);
    await say("hi");
    await close();
    assert.deepEqual(told(events), [
      "thread.started",
      "turn.started",
      "item.started reasoning 0",
      "reasoning.section",
      "item.dropped 0",
      "turn.retrying",
      "item.started reasoning 1",
      "reasoning.section",
      "item.delta 1",
      "item.completed reasoning 1",
      "item.started agent_message 2",
      "item.delta 2",
      "item.completed agent_message 2",
      "usage.updated",
      "turn.completed",
    ]);
  });

  test("sends all that was said before with the next turn, without the ids of the service", async () => {
    const opened = await open([thinksAndSays("Hello.")]);
    const { upstream, events, thread, say, close } = opened;
    await say("first");
    await say("second");
    await close();
    const user = (text: string) => ({
      type: "message",
      role: "user",
      content: [{ type: "input_text", text }],
    });
    const [context, ...input] = inputOf(opened, 1);
    assert.deepEqual(context, user("<environment_context>/work</environment_context>"));
    const summary = [{ type: "summary_text", text: "**Thinking**\n\nabout it" }];
    assert.deepEqual(input, [
      user("first"),
      { type: "reasoning", summary, content: null, encrypted_content: "c2VjcmV0" },
      { type: "message", role: "assistant", content: [{ type: "output_text", text: "Hello." }] },
      user("second"),
    ]);
    assert.deepEqual(
      upstream.requests.map(({ headers, body }) => [headers.session_id, body.prompt_cache_key]),
      [
        [thread.id, thread.id],
        [thread.id, thread.id],
      ],
    );
    const ends = events.filter((event) => event.type === "turn.completed");
    assert.deepEqual(
      ends.map(({ totalUsage }) => totalUsage?.inputTokens),
      [1200, 2400],
    );
  });

  test("sends ids back to Azure, which keeps the items", async () => {
    const opened = await open([thinksAndSays("Hello.")], { providerName: "azure" });
    const { upstream, say, close } = opened;
    await say("first");
    await say("second");
    await close();
    const [, , reasoning, message] = inputOf(opened, 1);
    assert.deepEqual([reasoning?.id, message?.id, upstream.requests[1]?.body.store], ["rs_1", "msg_1", true]);
  });

  test("says nothing of reasoning where that is hidden", async () => {
    const { events, say, close } = await open([thinksAndSays("Hello.")], {
      config: { hideAgentReasoning: true },
    });
    await say("hi");
    await close();
    assert.doesNotMatch(told(events).join(), /reasoning/);
  });

  test("ends a turn once, by failure or interruption, and can go on after it", async () => {
    const { upstream, events, say, close } = await open([
      refuses(400, { message: "bad thing" }),
      fallsSilent,
      thinksAndSays("Hello."),
    ]);
    await say("one");
    const abort = new AbortController();
    const turn = say("two", abort.signal);
    await upstream.received(2);
    abort.abort();
    await turn;
    await say("three");
    await close();
    const ends = events.filter(({ type }) => /^turn\.(completed|failed|interrupted)$/.test(type));
    assert.deepEqual(
      ends.map(({ type }) => type),
      ["turn.failed", "turn.interrupted", "turn.completed"],
    );
  });
});

test("ids of threads are UUIDs of version 7, which sort by time", () => {
  const random = Buffer.alloc(10, 0xff);
  assert.equal(timeOrderedUuid(0x0199_f1f0_0000, random), "0199f1f0-0000-7fff-bfff-ffffffffffff");
  assert.ok(timeOrderedUuid(1_800_000_000_000) < timeOrderedUuid(1_800_000_000_001));
});
