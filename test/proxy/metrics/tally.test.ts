// The tally behind /metrics: every request counts, also where there are too many users, models and statuses
// for a series each.

import assert from "node:assert/strict";
import { test } from "node:test";
import { Tally } from "../../../proxy/metrics/tally.ts";
import type { MeasuredExchange } from "../../../proxy/telemetry/exchange-facts.ts";

test("no request and no token is forgotten, however many series there would be", () => {
  const tally = new Tally();
  let ended = 0;
  for (let user = 0; user < 150; user++) {
    for (let model = 0; model < 40; model++, ended++) {
      tally.ended({
        client: { transport: "tcp", uid: user },
        model: `model-${model}`,
        status: 200,
        bytesIn: 0,
        bytesOut: 0,
        isComplete: true,
        usage: { input: 2, total: 2 },
      } as MeasuredExchange);
    }
  }
  const requests = [...tally.requests.values()];
  const tokens = [...tally.tokens.values()];
  assert.equal(
    requests.reduce((sum, { count }) => sum + count, 0),
    ended,
  );
  assert.equal(
    tokens.reduce((sum, series) => sum + (series.tokens[0] as number), 0),
    2 * ended,
  );
  const bound = 2001;
  assert.deepEqual([requests.length, tokens.length], [bound, bound]);
  assert.deepEqual(
    requests.filter(({ user }) => user === "other"),
    [{ user: "other", model: "other", status: "other", count: ended - bound + 1 }],
  );
});
