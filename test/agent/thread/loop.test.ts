// The loop of a turn: calls of tools and their outputs, input that comes while it runs, interruption, limits.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { ToolFailure, TurnAborted } from "../../../agent/tools/tool.ts";
import {
  calls,
  customCall,
  functionCall,
  localShellCall,
  saysAndCalls,
  searchItem,
} from "../../mock/scenarios/calls.ts";
import { breaksOff, fallsSilent, refuses, says } from "../../mock/scenarios.ts";
import { brief, inputOf, type Opened, open, told, tool, userSays } from "./open-thread.ts";

const echo = tool("echo", ({ input }) => ({ output: `echo ${input}` }));
const never = new AbortController().signal;

function text(value: string) {
  return [{ type: "input_text", text: value }] as const;
}

describe("calls", () => {
  test("are answered in the next request, in their order, behind the items they came with", async () => {
    const opened = await open(
      [
        saysAndCalls("I look.", functionCall("echo", "a", "c1"), customCall("echo", "b", "c2")),
        says("Done."),
      ],
      { tools: [echo] },
    );
    assert.equal(await opened.say("go"), "completed");
    await opened.close();
    assert.deepEqual(brief(inputOf(opened, 1)).slice(1), [
      "user: go",
      "reasoning",
      "assistant: I look.",
      "function_call c1",
      "custom_tool_call c2",
      "c1 -> echo a",
      "c2 -> echo b",
    ]);
    assert.deepEqual(
      inputOf(opened, 1)
        .filter(({ type }) => type.endsWith("_output"))
        .map(({ type }) => type),
      ["function_call_output", "custom_tool_call_output"],
    );
    assert.deepEqual(
      opened.upstream.requests.map(({ body }) => [body.tools, body.instructions]),
      Array(2).fill([[{ type: "function", name: "echo" }], "instructions for echo"]),
    );
  });

  test("of a local shell are answered by its call id as a function is", async () => {
    const seen: string[] = [];
    const shell = tool("local_shell", ({ kind, input }) => {
      seen.push(kind, JSON.parse(input).command.join(" "));
      return { output: "hi" };
    });
    const opened = await open([calls(localShellCall(["echo", "hi"], "c1")), says("Done.")], {
      tools: [shell],
    });
    await opened.say("go");
    await opened.close();
    assert.deepEqual(seen, ["local_shell", "echo hi"]);
    assert.deepEqual(inputOf(opened, 1).at(-1), {
      type: "function_call_output",
      call_id: "c1",
      output: "hi",
    });
  });

  test("of tools that are not there, and tools that fail, tell the model why and end nothing", async () => {
    const failing = tool("failing", () => {
      throw new ToolFailure("no such thing");
    });
    const broken = tool("broken", () => {
      throw new TypeError("secret detail");
    });
    const opened = await open(
      [
        calls(
          functionCall("nope", {}, "c1"),
          customCall("nope", "", "c2"),
          functionCall("failing", {}, "c3"),
          functionCall("broken", {}, "c4"),
        ),
        says("Done."),
      ],
      { tools: [failing, broken] },
    );
    assert.equal(await opened.say("go"), "completed");
    await opened.close();
    assert.deepEqual(brief(inputOf(opened, 1)).slice(-4), [
      "c1 -> unsupported call: nope",
      "c2 -> unsupported custom tool call: nope",
      "c3 -> no such thing",
      "c4 -> the tool broken failed for a reason that was not foreseen",
    ]);
    const errors = opened.events.flatMap((event) =>
      event.type === "item.completed" && event.item.type === "error" ? [event.item.message] : [],
    );
    assert.deepEqual(errors, ["the tool broken failed for a reason that was not foreseen"]);
  });

  test("run one after the other, unless the model and the tool allow them side by side", async () => {
    const order = async (model: string, isParallel: boolean) => {
      const steps: string[] = [];
      const slow = tool(
        "slow",
        async ({ callId }) => {
          steps.push(`start ${callId}`);
          // The first ends last, if the second can begin before it.
          for (let turn = 0; turn < (callId === "c1" ? 20 : 5); turn++) await new Promise(setImmediate);
          steps.push(`end ${callId}`);
          return { output: callId };
        },
        isParallel,
      );
      const opened = await open(
        [calls(functionCall("slow", {}, "c1"), functionCall("slow", {}, "c2")), says("Done.")],
        { tools: [slow], config: { model } },
      );
      await opened.say("go");
      await opened.close();
      assert.deepEqual(brief(inputOf(opened, 1)).slice(-2), ["c1 -> c1", "c2 -> c2"]);
      return steps;
    };
    const alone = ["start c1", "end c1", "start c2", "end c2"];
    assert.deepEqual(await order("test-gpt-5-codex", true), ["start c1", "start c2", "end c2", "end c1"]);
    assert.deepEqual(await order("test-gpt-5-codex", false), alone);
    assert.deepEqual(await order("gpt-5-codex", true), alone);
  });

  test("run side by side no more than sixteen at once, however many there are", async () => {
    let running = 0;
    let most = 0;
    const slow = tool(
      "slow",
      async ({ callId }) => {
        most = Math.max(most, ++running);
        for (let turn = 0; turn < Number(callId) % 7; turn++) await new Promise(setImmediate);
        running--;
        return { output: callId };
      },
      true,
    );
    const ids = Array.from({ length: 100 }, (_, index) => String(index));
    const opened = await open([calls(...ids.map((id) => functionCall("slow", {}, id))), says("Done.")], {
      tools: [slow],
      config: { model: "test-gpt-5-codex" },
    });
    await opened.say("go");
    await opened.close();
    assert.equal(most, 16);
    assert.deepEqual(
      brief(inputOf(opened, 1)).slice(-100),
      ids.map((id) => `${id} -> ${id}`),
    );
  });

  test("of many at once let nobody be warned of a leak", async () => {
    const warnings: string[] = [];
    const hear = ({ message }: Error) => warnings.push(message);
    process.on("warning", hear);
    const listening = tool(
      "listening",
      async (_, { signal }) => {
        const onAbort = () => {};
        signal.addEventListener("abort", onAbort);
        for (let turn = 0; turn < 5; turn++) await new Promise(setImmediate);
        signal.removeEventListener("abort", onAbort);
        return { output: "ok" };
      },
      true,
    );
    const many = Array.from({ length: 40 }, (_, index) => functionCall("listening", {}, `c${index}`));
    const opened = await open([calls(...many), says("Done.")], {
      tools: [listening],
      config: { model: "test-gpt-5-codex" },
    });
    await opened.say("go");
    await opened.close();
    process.off("warning", hear);
    assert.deepEqual(warnings, []);
  });

  test("put what tools add behind the outputs of all of them", async () => {
    const picture = tool("picture", () => ({ output: "attached", followUps: [userSays("the picture")] }));
    const opened = await open(
      [calls(functionCall("picture", {}, "c1"), functionCall("echo", "x", "c2")), says("Done.")],
      { tools: [picture, echo] },
    );
    await opened.say("go");
    await opened.close();
    assert.deepEqual(brief(inputOf(opened, 1)).slice(-3), [
      "c1 -> attached",
      "c2 -> echo x",
      "user: the picture",
    ]);
  });

  test("of an answer that broke off never run", async () => {
    const run: string[] = [];
    const counted = tool("counted", ({ callId }) => {
      run.push(callId);
      return { output: "ok" };
    });
    const whole = calls(functionCall("counted", {}, "c1"));
    const broken = "events" in whole ? { events: whole.events.slice(0, -1) } : whole;
    const opened = await open([broken, calls(functionCall("counted", {}, "c2")), says("Done.")], {
      tools: [counted],
    });
    await opened.say("go");
    await opened.close();
    assert.deepEqual(run, ["c2"]);
    assert.deepEqual(brief(inputOf(opened, 2)).slice(-2), ["function_call c2", "c2 -> ok"]);
  });

  test("leave searches of the service in the history, and unknown items out of it", async () => {
    const opened = await open(
      [
        calls(searchItem("weather"), { type: "strange", id: "x" }, functionCall("echo", "1", "c1")),
        says("Done."),
      ],
      { tools: [echo] },
    );
    await opened.say("go");
    await opened.close();
    assert.deepEqual(brief(inputOf(opened, 1)).slice(2), [
      "web_search_call",
      "function_call c1",
      "c1 -> echo 1",
    ]);
    assert.ok(told(opened.events).includes("item.completed web_search 0"));
  });
});

describe("items of tools", () => {
  test("go from start to end; a plan is one item, completed with its turn", async () => {
    const plan = tool("plan", ({ input }, { items }) => {
      items.report({ type: "plan", steps: [{ step: JSON.parse(input).step, status: "pending" }] });
      return { output: "Plan updated" };
    });
    const work = tool("work", (_, { items }) => {
      const body = { type: "command_execution", callId: "c", command: ["x"], cwd: "/" } as const;
      const id = items.start({ ...body, aggregatedOutput: "", status: "in_progress" });
      items.delta(id, "out");
      items.complete(id, { ...body, aggregatedOutput: "out", exitCode: 0, status: "completed" });
      return { output: "ok" };
    });
    const opened = await open(
      [
        calls(functionCall("plan", { step: "one" }, "c1"), functionCall("work", {}, "c2")),
        calls(functionCall("plan", { step: "two" }, "c3")),
        says("Done."),
      ],
      { tools: [plan, work] },
    );
    await opened.say("go");
    await opened.close();
    assert.deepEqual(
      told(opened.events).filter((line) => line.startsWith("item.") && !line.includes("message")),
      [
        "item.started plan 0",
        "item.started command_execution 1",
        "item.delta 1",
        "item.completed command_execution 1",
        "item.updated plan 0",
        "item.delta 2",
        "item.completed plan 0",
      ],
    );
    const last = opened.events.findLast((event) => event.type === "item.completed");
    assert.deepEqual(last?.item, {
      id: last?.item.id,
      type: "plan",
      steps: [{ step: "two", status: "pending" }],
    });
  });

  test("tell of the files that the turn has changed, when that is no longer the same", async () => {
    const changes: string[] = [];
    const diffs = ["diff a", undefined, "diff b"];
    const change = tool("change", async ({ input }, { onFilesChanging }) => {
      await onFilesChanging([input]);
      return { output: "ok" };
    });
    const opened = await open(
      [
        calls(functionCall("change", "a", "c1")),
        calls(functionCall("change", "a", "c2")),
        calls(functionCall("change", "b", "c3")),
        says("Done."),
      ],
      {
        tools: [change],
        parts: {
          trackChanges: () => ({
            willChange: async (paths) => void changes.push(...paths),
            next: async () => diffs.shift(),
          }),
        },
      },
    );
    await opened.say("go");
    await opened.close();
    assert.deepEqual(changes, ["a", "a", "b"]);
    assert.deepEqual(
      opened.events.filter(({ type }) => type === "turn.diff"),
      ["diff a", "diff b"].map((unifiedDiff) => ({ type: "turn.diff", unifiedDiff })),
    );
  });
});

describe("input while a turn runs", () => {
  test("becomes part of the conversation before the next request", async () => {
    const opened = await open([calls(functionCall("ask", {}, "c1")), says("Done.")], {
      tools: [
        tool("ask", () => {
          assert.equal(opened.thread.enqueue(text("and this")), true);
          return { output: "ok" };
        }),
      ],
    });
    await opened.say("go");
    assert.equal(opened.thread.enqueue(text("too late")), false);
    await opened.close();
    assert.deepEqual(brief(inputOf(opened, 1)).slice(-2), ["c1 -> ok", "user: and this"]);
    assert.deepEqual(
      opened.events.filter(({ type }) => type === "input.taken"),
      [{ type: "input.taken", text: "and this", imageCount: 0 }],
    );
    assert.deepEqual(opened.completed[0]?.inputMessages, ["go", "and this"]);
  });

  test("is not taken from the moment on at which a turn has all it needs", async () => {
    const taken: boolean[] = [];
    const flush = async () => {
      taken.push(opened.thread.enqueue(text("too late")));
    };
    const store = { append() {}, flush, close: async () => {} };
    const opened: Opened = await open([says("Done.")], { parts: { store } });
    assert.equal(await opened.say("go"), "completed");
    await opened.say("on");
    await opened.close();
    assert.deepEqual(taken, [false, false]);
    assert.deepEqual(brief(inputOf(opened, 1)).at(-1), "user: on");
  });

  test("keeps a turn going that would have ended, and is kept for the next by one that fails", async () => {
    let answer = 0;
    const opened = await open(() => {
      answer++;
      if (answer !== 2) opened.thread.enqueue(text(`input ${answer}`));
      return answer === 3 ? refuses(400, {}) : answer > 3 ? { nothing: "reset" } : says(`answer ${answer}`);
    });
    assert.equal(await opened.say("go"), "completed");
    assert.deepEqual(brief(inputOf(opened, 1)).slice(1), [
      "user: go",
      "assistant: answer 1",
      "user: input 1",
    ]);
    assert.equal(await opened.say("more"), "failed");
    const abort = new AbortController();
    const turn = opened.say("again", abort.signal);
    await opened.upstream.received(4);
    abort.abort();
    await turn;
    await opened.close();
    assert.deepEqual(brief(inputOf(opened, 3)).slice(-3), ["user: more", "user: again", "user: input 3"]);
  });
});

describe("an interrupted turn", () => {
  test("stops what runs, skips what waits, answers both, records it, and can be followed by another", async () => {
    const abort = new AbortController();
    let reason: unknown;
    const hanging = tool("hanging", (_, { signal, items }) => {
      items.start({
        ...{ type: "command_execution", callId: "c1", command: ["sleep"], cwd: "/" },
        ...{ aggregatedOutput: "", status: "in_progress" },
      });
      setImmediate(() => abort.abort());
      return new Promise((_resolve, reject) => {
        signal.addEventListener("abort", () => {
          reason = signal.reason;
          reject(signal.reason);
        });
      });
    });
    const opened = await open(
      [calls(functionCall("hanging", {}, "c1"), functionCall("echo", "x", "c2")), says("Done.")],
      { tools: [hanging, echo] },
    );
    assert.equal(await opened.say("go", abort.signal), "interrupted");
    assert.ok(reason instanceof Error);
    assert.deepEqual(told(opened.events).slice(-3), [
      "item.started command_execution 0",
      "item.dropped 0",
      "turn.interrupted",
    ]);
    assert.deepEqual(
      opened.entries.slice(-3).map(({ payload }) => payload),
      [
        { type: "function_call_output", call_id: "c1", output: "aborted" },
        { type: "function_call_output", call_id: "c2", output: "aborted" },
        { type: "turn_aborted", reason: "interrupted" },
      ],
    );
    assert.equal(await opened.say("on"), "completed");
    await opened.close();
    assert.deepEqual(brief(inputOf(opened, 1)).slice(-3), ["c1 -> aborted", "c2 -> aborted", "user: on"]);
  });

  test("ends by the word of who was asked: the calls behind it do not run", async () => {
    const run: string[] = [];
    const asking = tool("asking", () => {
      throw new TurnAborted("no");
    });
    const other = tool("other", () => {
      run.push("other");
      return { output: "ok" };
    });
    const opened = await open(
      [calls(functionCall("asking", {}, "c1"), functionCall("other", {}, "c2")), says("Done.")],
      { tools: [asking, other] },
    );
    assert.equal(await opened.say("go"), "interrupted");
    await opened.close();
    assert.deepEqual(run, []);
    assert.equal(opened.upstream.requests.length, 1);
    assert.deepEqual(
      opened.entries.slice(-3).map(({ payload }) => ("type" in payload ? payload.type : "")),
      ["function_call_output", "function_call_output", "turn_aborted"],
    );
  });

  test("does not wait for a tool that does not stop", async () => {
    const abort = new AbortController();
    const deaf = tool("deaf", () => {
      setImmediate(() => abort.abort());
      return new Promise<never>(() => {});
    });
    const clock = { now: Date.now, random: () => 0.5, sleep: async () => {}, after: () => () => {} };
    const opened = await open([calls(functionCall("deaf", {}, "c1"))], { tools: [deaf], parts: { clock } });
    assert.equal(await opened.say("go", abort.signal), "interrupted");
    await opened.close();
  });

  test("keeps what the model had said, and nothing that was cut", async () => {
    const step = says("First.");
    const events = "events" in step ? step.events.slice(0, -1) : [];
    const opened = await open([{ events, ending: "silence" }, says("Done.")]);
    const abort = new AbortController();
    const turn = opened.say("go", abort.signal);
    while (!told(opened.events).some((line) => line.startsWith("item.completed")))
      await new Promise(setImmediate);
    abort.abort();
    assert.equal(await turn, "interrupted");
    await opened.say("on");
    await opened.close();
    assert.deepEqual(brief(inputOf(opened, 1)).slice(1), ["user: go", "assistant: First.", "user: on"]);
  });
});

describe("a turn", () => {
  test("ends after as many requests as it may send, and says how to go on", async () => {
    const opened = await open([calls(functionCall("echo", "x", "c1"))], {
      tools: [echo],
      config: { maxRequestsPerTurn: 3 },
    });
    assert.equal(await opened.say("go"), "failed");
    await opened.close();
    assert.equal(opened.upstream.requests.length, 3);
    const failed = opened.events.at(-1);
    assert.ok(failed?.type === "turn.failed");
    assert.deepEqual(
      [failed.error.code, failed.error.hint],
      ["THREAD_REQUEST_LIMIT", "say `continue` to go on, or set `max_requests_per_turn`"],
    );
  });

  test("that is begun while another runs waits for its end", async () => {
    const opened = await open([breaksOff, says("one"), says("two")]);
    assert.deepEqual(await Promise.all([opened.say("first"), opened.say("second")]), [
      "completed",
      "completed",
    ]);
    await opened.close();
    assert.deepEqual(brief(inputOf(opened, 2)).slice(1), ["user: first", "assistant: one", "user: second"]);
    assert.deepEqual(
      told(opened.events).filter((line) => line.startsWith("turn.") && !line.includes("retry")),
      ["turn.started", "turn.completed", "turn.started", "turn.completed"],
    );
  });

  test("is told to the store in the order in which the original records it", async () => {
    const opened = await open([saysAndCalls("I look.", functionCall("echo", "x", "c1")), says("Done.")], {
      tools: [echo],
    });
    await opened.say("go");
    await opened.close();
    assert.deepEqual(
      opened.entries.map(({ type, payload }) =>
        type === "response_item" || type === "event_msg" ? payload.type : type,
      ),
      [
        "message",
        "message",
        "user_message",
        "turn_context",
        "reasoning",
        "agent_reasoning",
        "message",
        "agent_message",
        "function_call",
        "token_count",
        "function_call_output",
        "turn_context",
        "message",
        "agent_message",
        "token_count",
      ],
    );
    assert.deepEqual(opened.entries.find(({ type }) => type === "turn_context")?.payload, {
      cwd: "/work",
      approval_policy: "never",
      sandbox_policy: { mode: "read-only" },
      model: "gpt-5-codex",
      summary: "auto",
    });
  });

  test("says which settings have changed since the last one, and uses them", async () => {
    const opened = await open([says("one"), says("two")]);
    await opened.say("first");
    opened.thread.update({ cwd: "/other", model: "gpt-5" });
    await opened.say("second");
    await opened.say("third");
    await opened.close();
    assert.deepEqual(brief(inputOf(opened, 2)), [
      "user: <environment_context>/work</environment_context>",
      "user: first",
      "assistant: one",
      "user: <environment_context>now /other</environment_context>",
      "user: second",
      "assistant: two",
      "user: third",
    ]);
    assert.deepEqual(
      opened.upstream.requests.map(({ body }) => body.model),
      ["gpt-5-codex", "gpt-5", "gpt-5"],
    );
  });

  test("without words lets the model go on by itself", async () => {
    const opened = await open([says("one")]);
    await opened.thread.runTurn({ content: [], signal: never });
    await opened.close();
    assert.equal(inputOf(opened, 0).length, 1);
    assert.deepEqual(opened.completed, []);
  });

  test("that finds no way to the model fails, and what the user said is kept for the next one", async () => {
    let isThere = false;
    const opened = await open([says("one")], {
      wrap: (connection) => ({
        ...connection,
        open: () => (isThere ? connection.open() : Promise.reject(new Error("no way"))),
      }),
    });
    assert.equal(await opened.say("first"), "failed");
    isThere = true;
    assert.equal(await opened.say("second"), "completed");
    await opened.close();
    assert.deepEqual(brief(inputOf(opened, 0)).slice(1), ["user: first", "user: second"]);
    assert.deepEqual(
      opened.entries.flatMap(({ payload }) =>
        "type" in payload && payload.type === "user_message" ? [payload] : [],
      ),
      ["first", "second"].map((message) => ({ type: "user_message", message, images: [] })),
    );
  });

  test("that is aborted before it begins sends nothing", async () => {
    const opened = await open([fallsSilent]);
    assert.equal(await opened.say("go", AbortSignal.abort()), "interrupted");
    await opened.close();
    assert.equal(opened.upstream.requests.length, 0);
  });
});
