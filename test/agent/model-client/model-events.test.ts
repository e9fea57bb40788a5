import assert from "node:assert/strict";
import { test } from "node:test";
import { readModelEvents } from "../../../agent/model-client/model-events.ts";

const event = (type: string, rest: object) => JSON.stringify({ type, ...rest });
const item = event("response.output_item.done", {
  item: { type: "message", role: "assistant", content: [] },
});
const delta = event("response.output_text.delta", { delta: "x" });

/** How many events come of a stream that repeats one without end. */
async function countOf(repeated: string, most: number): Promise<number> {
  async function* endless() {
    for (;;) yield repeated;
  }
  let count = 0;
  for await (const _ of readModelEvents(endless(), { redacted: (words) => words }, 10 * item.length)) {
    count++;
    if (count === most) break;
  }
  return count;
}

test("an answer of more items than memory should hold fails; what is shown and forgotten may go on", async () => {
  await assert.rejects(countOf(item, 100), { code: "MODEL_STREAM", message: "the answer is too large" });
  assert.equal(await countOf(item, 10), 10);
  assert.equal(await countOf(delta, 1000), 1000);
});
