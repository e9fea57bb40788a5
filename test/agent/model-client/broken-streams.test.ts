// Streams that break: after every event, in every way, and compressed ones too. What has been heard before
// the break is taken back by one notice, and the answer that counts is whole.

import assert from "node:assert/strict";
import { before, describe, test } from "node:test";
import zlib from "node:zlib";
import { type Clock, systemClock } from "../../../agent/clock.ts";
import { userMessage } from "../../../agent/model-client/items.ts";
import { askModel } from "../../../agent/model-client/model-client.ts";
import type { ModelEvent } from "../../../agent/model-client/model-events.ts";
import { openConnection } from "../../../agent/provider/connection.ts";
import { encodeEvent } from "../../mock/response-events.ts";
import {
  breaksWithin,
  calls,
  type Ending,
  everyBreakOf,
  saysAmongNoise,
  saysByteByByte,
  shellCall,
  thinksAndSays,
} from "../../mock/scenarios.ts";
import { type Step, startScriptedUpstream } from "../../mock/scripted-upstream.ts";
import { provider, sender } from "../provider/provider.ts";

const request = {
  settings: { model: "gpt-5-codex", modelReasoningSummary: "auto" },
  prompt: {
    instructions: "Be brief.",
    input: [userMessage([{ type: "input_text", text: "hi" }])],
    tools: [],
    mayCallToolsInParallel: false,
  },
  conversationId: "0199f1f0-0000-7000-8000-000000000000",
} as const;

const streamIdleTimeoutMs = 60_000;

/** Each step once. Where one is silent, patience is over soon, but not with the last request. */
async function ask(steps: readonly Step[], isSilent = false): Promise<readonly ModelEvent[]> {
  const upstream = await startScriptedUpstream(steps);
  const clock: Clock = {
    ...systemClock,
    sleep: async () => {},
    after(ms, onElapsed) {
      assert.equal(ms, streamIdleTimeoutMs);
      const isOver = isSilent && upstream.requests.length < steps.length;
      return isOver ? systemClock.after(50, onElapsed) : () => {};
    },
  };
  const modelProvider = provider({ baseUrl: upstream.baseUrl, streamIdleTimeoutMs });
  const connection = await openConnection({ modelProvider }, undefined, {}, sender);
  const events: ModelEvent[] = [];
  try {
    for await (const event of askModel(
      connection,
      { ...request, signal: new AbortController().signal },
      clock,
    )) {
      events.push(event);
    }
    return events;
  } finally {
    await connection.close();
    await upstream.close();
  }
}

const answers: readonly (readonly [what: string, step: Step])[] = [
  ["a message", thinksAndSays("Hello.")],
  ["calls of tools", calls(shellCall(["true"], "call_1"), shellCall(["false"], "call_2"))],
];
const reasons: Readonly<Record<Ending, RegExp>> = {
  end: /: stream closed before response\.completed$/,
  reset: /: the connection broke \([A-Z_]+\)$/,
  silence: /: idle timeout waiting for SSE$/,
};

for (const [what, whole] of answers) {
  describe(`an answer with ${what}`, () => {
    let unbroken: readonly ModelEvent[];
    before(async () => {
      unbroken = await ask([whole]);
    });
    for (const ending of ["end", "reset", "silence"] as const) {
      everyBreakOf(whole, ending).forEach((broken, index) => {
        test(`that breaks by ${ending} after ${index} events is asked for anew, and then whole`, async () => {
          const events = await ask([broken, whole], ending === "silence");
          const at = events.findIndex(({ kind }) => kind === "retrying");
          const notice = events[at];
          assert.ok(notice?.kind === "retrying");
          assert.deepEqual([notice.repetition, notice.limit], [1, 5]);
          assert.match(notice.cause.message, reasons[ending]);
          assert.deepEqual(events.slice(at + 1), unbroken);
          assert.deepEqual(events.slice(0, at), unbroken.slice(0, at));
        });
      });
    }
  });
}

describe("a stream", () => {
  test("that breaks within an event, or within a character, is asked for anew", async () => {
    const whole = thinksAndSays("é😀");
    const unbroken = await ask([whole]);
    for (const index of [0, 3, 7]) {
      const events = await ask([breaksWithin(whole, index), whole]);
      const at = events.findIndex(({ kind }) => kind === "retrying");
      assert.deepEqual(events.slice(at + 1), unbroken);
    }
  });

  test("that comes byte by byte, or among noise, says the same", async () => {
    const message = (events: readonly ModelEvent[]) => events.filter(({ kind }) => kind === "item-done");
    assert.deepEqual(
      message(await ask([saysByteByByte("Hé.")])),
      message(await ask([saysAmongNoise("Hé.")])),
    );
  });

  for (const [coding, compress] of [
    ["gzip", zlib.gzipSync],
    ["br", zlib.brotliCompressSync],
    ["deflate", zlib.deflateSync],
  ] as const) {
    test(`that a gateway compresses with ${coding} is read, and asked for anew where it is cut`, async () => {
      const whole = thinksAndSays("Hello.") as Extract<Step, { events: unknown }>;
      const bytes = compress(Buffer.from(whole.events.map(encodeEvent).join("")));
      const headers = { "content-encoding": coding };
      const cut = { bytes: [bytes.subarray(0, bytes.length / 2)], headers };
      const events = await ask([cut, { bytes: [bytes], headers }]);
      const at = events.findIndex(({ kind }) => kind === "retrying");
      assert.ok(at >= 0);
      assert.deepEqual(events.slice(at + 1), await ask([whole]));
    });
  }

  test("that is compressed with what nobody knows ends with one request, and says so", async () => {
    const step = { bytes: ["data: x\n\n"], headers: { "content-encoding": "compress" } };
    await assert.rejects(ask([step]), {
      code: "HTTP_ENCODING",
      message: "the answer is compressed with `compress`, and cannot be read",
    });
  });
});
