// The model client against the scripted upstream: what is asked again, what is not, and how long it waits.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { setTimeout } from "node:timers/promises";
import { type Clock, systemClock } from "../../../agent/clock.ts";
import type { ModelProvider } from "../../../agent/config/config.ts";
import { userMessage } from "../../../agent/model-client/items.ts";
import { askModel, type ModelRequest } from "../../../agent/model-client/model-client.ts";
import type { ModelEvent } from "../../../agent/model-client/model-events.ts";
import { openConnection } from "../../../agent/provider/connection.ts";
import {
  breaksOff,
  fails,
  fallsSilent,
  incomplete,
  isReset,
  rateLimited,
  refuses,
  says,
  thinksAndSays,
} from "../../mock/scenarios.ts";
import { type ScriptedUpstream, type Step, startScriptedUpstream } from "../../mock/scripted-upstream.ts";
import { provider, sender } from "../provider/provider.ts";

const conversationId = "0199f1f0-0000-7000-8000-000000000000";

const request: Omit<ModelRequest, "signal"> = {
  settings: { model: "gpt-5-codex", modelReasoningSummary: "auto" },
  prompt: {
    instructions: "Be brief.",
    input: [userMessage([{ type: "input_text", text: "hi" }])],
    tools: [],
    mayCallToolsInParallel: false,
  },
  conversationId,
};

interface Run {
  readonly events: readonly ModelEvent[];
  readonly error: { readonly message: string; readonly code: string; readonly hint?: string } | undefined;
  /** how long it wanted to wait, each time, without chance */
  readonly waitsMs: readonly number[];
  readonly upstream: ScriptedUpstream;
}

/** Time that passes at once. */
function clockOf(waitsMs: number[]): Clock {
  return {
    now: () => 1_800_000_000_000,
    random: () => 0.5,
    sleep: async (ms) => {
      waitsMs.push(Math.round(ms));
    },
    after: systemClock.after,
  };
}

async function ask(
  steps: readonly Step[],
  settings: Partial<ModelProvider> = {},
  signal = new AbortController().signal,
): Promise<Run> {
  const upstream = await startScriptedUpstream(steps);
  const waitsMs: number[] = [];
  const modelProvider = provider({ baseUrl: upstream.baseUrl, ...settings });
  const connection = await openConnection({ modelProvider }, undefined, {}, sender);
  const events: ModelEvent[] = [];
  let error: Run["error"];
  try {
    for await (const event of askModel(connection, { ...request, signal }, clockOf(waitsMs)))
      events.push(event);
  } catch (caught) {
    const { message, code, hint } = caught as Error & { code: string; hint?: string };
    error = { message, code, ...(hint !== undefined && { hint }) };
  } finally {
    await connection.close();
    await upstream.close();
  }
  return { events, error, waitsMs, upstream };
}

/** What became of a run, in a form to compare. */
function outcome({ events, error, waitsMs, upstream }: Run) {
  const text = events
    .filter((event) => event.kind === "item-done")
    .map(({ item }) => item.type)
    .join(" ");
  return {
    requests: upstream.requests.length,
    waitsMs,
    notices: events.filter(({ kind }) => kind === "retrying").length,
    items: text,
    ...(error !== undefined && { error: error.message }),
  };
}

describe("the model client", () => {
  test("says of what kind an answer is that is no stream", async () => {
    const page = { bytes: ["<html>"], headers: { "content-type": "text/html; charset=utf-8" } };
    const { error } = await ask([page], { streamMaxRetries: 0 });
    assert.deepEqual(error, {
      message: "stream disconnected before completion: stream closed before response.completed",
      code: "MODEL_STREAM",
      hint: "the answer is text/html, no stream of events: does the URL lead to a Responses API?",
    });
    const stream = await ask([{ bytes: ["<html>"] }], { streamMaxRetries: 0 });
    assert.equal(stream.error?.hint, undefined);
  });

  test("tells of a long pause, between requests and before an answer is asked for anew, and of no short one", async () => {
    const pausesOf = async (...steps: Step[]) =>
      (await ask([...steps, says("ok")])).events.filter(({ kind }) => kind === "waiting");
    const busy = (seconds: string) => refuses(429, {}, { "retry-after": seconds });
    assert.deepEqual(await pausesOf(busy("4"), busy("40")), [{ kind: "waiting", waitMs: 40_000 }]);
    assert.deepEqual(
      await pausesOf(fails({ code: "rate_limit_exceeded", message: "Please try again in 28s." })),
      [{ kind: "waiting", waitMs: 28_000 }],
    );
  });

  test("sends the body of a request with its members in the documented order", async () => {
    const { upstream } = await ask([says("Hello.")]);
    assert.equal(
      JSON.stringify(upstream.requests[0]?.body),
      JSON.stringify({
        model: "gpt-5-codex",
        instructions: "Be brief.",
        input: [{ type: "message", role: "user", content: [{ type: "input_text", text: "hi" }] }],
        tools: [],
        tool_choice: "auto",
        parallel_tool_calls: false,
        reasoning: { summary: "auto" },
        store: false,
        stream: true,
        include: ["reasoning.encrypted_content"],
        prompt_cache_key: conversationId,
      }),
    );
  });

  test("passes on the events of an answer up to its end, with usage and limits", async () => {
    const step = thinksAndSays("Hello.") as Extract<Step, { events: unknown }>;
    const headers = { "x-codex-primary-used-percent": "12.5", "x-codex-primary-window-minutes": "300" };
    const { events, error } = await ask([{ ...step, headers }]);
    assert.equal(error, undefined);
    assert.deepEqual(
      events.map(({ kind }) => kind),
      [
        "rate-limits",
        ...["item-started", "reasoning-section", "reasoning-delta", "item-done"],
        ...["item-started", "text-delta", "item-done", "completed"],
      ],
    );
    assert.deepEqual(events[0], {
      kind: "rate-limits",
      limits: { primary: { usedPercent: 12.5, windowMinutes: 300 } },
    });
    assert.deepEqual(events.at(-1), {
      kind: "completed",
      responseId: "resp_1",
      usage: {
        ...{ inputTokens: 1200, cachedInputTokens: 100, outputTokens: 50 },
        ...{ reasoningOutputTokens: 10, totalTokens: 1250 },
      },
    });
  });

  test("takes events that are foreign, broken, misnamed or of wrong types, and sends none of them on", async () => {
    const lines = [
      ": comment\n\n",
      "data: not json\n\n",
      "data: [1]\n\n",
      "data: null\n\n",
      'event: response.completed\ndata: {"type":"response.some_news"}\n\n',
      'data: {"type":"response.output_text.delta","delta":7}\n\n',
      'data: {"type":"response.output_item.done","item":"x"}\n\n',
      'data: {"type":"response.output_item.done","item":{"type":"message","content":null}}\n\n',
      'data: {"type":"response.output_item.done","item":{"type":"message","role":"user","content":[]}}\n\n',
      'event: nonsense\ndata: {"type":"response.output_text.delta","delta":"ok"}\n\n',
      'data: {"type":"response.completed","response":{"id":5,"usage":{"input_tokens":"many"}}}\n\n',
      'data: {"type":"response.output_text.delta","delta":"behind the end"}\n\n',
    ];
    const { events } = await ask([{ bytes: lines }]);
    assert.deepEqual(events, [
      { kind: "text-delta", delta: "ok" },
      { kind: "completed", responseId: undefined, usage: undefined },
    ]);
  });

  const again: readonly (readonly [title: string, steps: readonly Step[], wanted: object])[] = [
    [
      "asks again when a stream breaks off, and after the time that a rate limit names",
      [breaksOff, rateLimited, says("Third.")],
      { requests: 3, waitsMs: [200, 200], notices: 2, items: "message" },
    ],
    [
      "asks again when a stream is reset",
      [isReset, says("ok")],
      { requests: 2, waitsMs: [200], notices: 1, items: "reasoning message" },
    ],
    [
      "waits for Retry-After of a 429",
      [refuses(429, {}, { "retry-after": "1" }), says("ok")],
      { requests: 2, waitsMs: [1000], notices: 0, items: "message" },
    ],
    [
      "waits as many milliseconds as retry-after-ms says, rather than the seconds beside it",
      [refuses(429, {}, { "retry-after": "1", "retry-after-ms": "350" }), says("ok")],
      { requests: 2, waitsMs: [350], notices: 0, items: "message" },
    ],
    [
      "waits until the date that Retry-After names",
      [refuses(503, {}, { "retry-after": new Date(1_800_000_007_000).toUTCString() }), says("ok")],
      { requests: 2, waitsMs: [7000], notices: 0, items: "message" },
    ],
    [
      "doubles its waits between requests that get no good answer",
      [refuses(500, {}), refuses(502, {}), { nothing: "reset" }, says("ok")],
      { requests: 4, waitsMs: [200, 400, 800], notices: 0, items: "message" },
    ],
    [
      "gives up on a service that is down after 5 requests and 5 more, each of these announced",
      [refuses(502, { message: "the upstream could not be reached" })],
      {
        requests: 10,
        waitsMs: [200, 400, 800, 1600, 200, 400, 800, 1600, 3200],
        notices: 5,
        items: "",
        error: "exceeded retry limit, last status: 502 Bad Gateway: the upstream could not be reached",
      },
    ],
    [
      "ends with the text of the failure that came last",
      [fails({ code: "server_error", message: "it broke" })],
      {
        requests: 6,
        waitsMs: [200, 400, 800, 1600, 3200],
        notices: 5,
        items: "",
        error: "stream disconnected before completion: it broke",
      },
    ],
  ];
  for (const [title, steps, wanted] of again) {
    test(title, async () => assert.deepEqual(outcome(await ask(steps)), wanted));
  }

  const atOnce: readonly (readonly [title: string, step: Step, error: string])[] = [
    ["a bad request", refuses(400, { message: "bad thing" }), "unexpected status 400 Bad Request: bad thing"],
    [
      "a refused key",
      refuses(401, { message: "wrong key" }),
      "unexpected status 401 Unauthorized: wrong key",
    ],
    [
      "a refusal without a reason",
      { status: 403, body: "" },
      "unexpected status 403 Forbidden: Unknown error",
    ],
    [
      "a body that is too large",
      refuses(413, { message: "too large" }),
      "unexpected status 413 Payload Too Large: too large",
    ],
    [
      "a usage limit",
      refuses(429, { type: "usage_limit_reached", plan_type: "plus", resets_at: 1_800_008_900 }),
      "You've hit your usage limit. Upgrade to Pro (https://openai.com/chatgpt/pricing) or try again in 2 hours 28 minutes.",
    ],
    [
      "a plan without Codex",
      refuses(429, { type: "usage_not_included" }),
      "To use Codex with your ChatGPT plan, upgrade to Plus: https://openai.com/chatgpt/pricing.",
    ],
    [
      "a wait that nobody would sit through",
      refuses(429, { message: "slow down" }, { "retry-after": "7200" }),
      "unexpected status 429 Too Many Requests: slow down (try again in 2 hours)",
    ],
    [
      "a full context window",
      fails({ code: "context_length_exceeded", message: "x" }),
      "Codex ran out of room in the model's context window. Start a new conversation or clear earlier history before retrying.",
    ],
    [
      "a full context window, told by a status",
      refuses(400, { code: "context_length_exceeded", message: "x" }),
      "Codex ran out of room in the model's context window. Start a new conversation or clear earlier history before retrying.",
    ],
    [
      "a stream that asks for more patience than anybody has",
      fails({ code: "rate_limit_exceeded", message: "Please try again in 1h2m3s." }),
      "Please try again in 1h2m3s.",
    ],
    ["an answer that was cut short", incomplete, "Incomplete response returned, reason: max_output_tokens"],
    [
      "a redirect, which is never followed",
      { status: 307, headers: { location: "/v1/elsewhere" } },
      "unexpected status 307 Temporary Redirect: redirects are not followed",
    ],
  ];
  for (const [title, step, error] of atOnce) {
    test(`ends with one request at ${title}`, async () => {
      assert.deepEqual(outcome(await ask([step])), {
        requests: 1,
        waitsMs: [],
        notices: 0,
        items: "",
        error,
      });
    });
  }

  test("waits for as long as the service asks for in words, in a stream and in place of one", async () => {
    const message = "Rate limit reached. Please try again in 1m30s.";
    for (const [step, notices] of [
      [fails({ code: "rate_limit_exceeded", message }), 1],
      [refuses(429, { code: "rate_limit_exceeded", message }), 0],
    ] as const) {
      const run = await ask([step, says("ok")]);
      assert.deepEqual(outcome(run), { requests: 2, waitsMs: [90_000], notices, items: "message" });
    }
  });

  test("is as patient as stream_idle_timeout_ms says, however much that is", async () => {
    const step = says("ok") as Extract<Step, { events: unknown }>;
    const run = await ask([{ ...step, gapMs: 20 }], { streamIdleTimeoutMs: 3_000_000_000 });
    assert.deepEqual(outcome(run), { requests: 1, waitsMs: [], notices: 0, items: "message" });
  });

  test("asks again when nothing comes for stream_idle_timeout_ms, before or behind the head", async () => {
    for (const silent of [fallsSilent, { nothing: "silence" } as const]) {
      const run = await ask([silent, says("ok")], { streamIdleTimeoutMs: 200 });
      assert.deepEqual(outcome(run), { requests: 2, waitsMs: [200], notices: 1, items: "message" });
      const retrying = run.events.find((event) => event.kind === "retrying");
      assert.equal(
        retrying?.cause.message,
        "stream disconnected before completion: idle timeout waiting for SSE",
      );
    }
  });

  test("tells of windows in the headers of older services, which count from now", async () => {
    const step = says("Hello.") as Extract<Step, { events: unknown }>;
    const headers = {
      "x-codex-secondary-used-percent": "3",
      "x-codex-secondary-reset-after-seconds": "60",
      "x-codex-primary-used-percent": "0",
      "x-codex-primary-window-minutes": "0",
    };
    const { events } = await ask([{ ...step, headers }]);
    assert.deepEqual(events[0], {
      kind: "rate-limits",
      limits: { secondary: { usedPercent: 3, resetsAt: 1_800_000_060 } },
    });
  });

  const stages: readonly (readonly [stage: string, step: Step])[] = [
    ["before the head of an answer", { nothing: "silence" }],
    ["while events come", fallsSilent],
    ["while the reason of a refusal comes", { status: 500, body: "{", isOpen: true }],
    ["while it waits to ask again", refuses(500, {}, { "retry-after": "60" })],
    ["while it waits to ask for a broken answer", breaksOff],
  ];
  for (const [stage, step] of stages) {
    test(`ends when it is aborted ${stage}, with the reason that was given, and asks no more`, async () => {
      const upstream = await startScriptedUpstream([step]);
      const abort = new AbortController();
      const connection = await openConnection(
        { modelProvider: provider({ baseUrl: upstream.baseUrl }) },
        undefined,
        {},
        sender,
      );
      const reason = new Error("enough");
      let isWaiting = () => {};
      const waits = new Promise<void>((resolve) => {
        isWaiting = resolve;
      });
      const clock: Clock = {
        ...systemClock,
        sleep: (_, signal) => {
          isWaiting();
          return systemClock.sleep(3_600_000, signal);
        },
      };
      const ended = assert.rejects(async () => {
        for await (const _ of askModel(connection, { ...request, signal: abort.signal }, clock));
      });
      await upstream.received(1);
      await (stage.startsWith("while it waits") ? waits : setTimeout(30));
      abort.abort(reason);
      await ended;
      assert.equal(upstream.requests.length, 1);
      await connection.close();
      await upstream.close();
    });
  }

  test("ends at once when it is aborted, and closes the connection", async () => {
    const upstream = await startScriptedUpstream([fallsSilent]);
    const abort = new AbortController();
    const connection = await openConnection(
      { modelProvider: provider({ baseUrl: upstream.baseUrl }) },
      undefined,
      {},
      sender,
    );
    const events = askModel(connection, { ...request, signal: abort.signal }, clockOf([]));
    const ended = assert.rejects(async () => {
      for await (const _ of events);
    }, /abort/i);
    await upstream.received(1);
    abort.abort();
    await ended;
    assert.equal(upstream.requests.length, 1);
    await connection.close();
    await upstream.close();
  });
});
