// Makes a test of each case: the client, the log, the upstream and the process must all tell the same.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { testKey } from "../proxy-process.ts";
import { valuesOf } from "../raw-answer.ts";
import type { Case, ClientVersion, Cut, Passed, Refused } from "./case.ts";
import { goodBody, type Lane, type Observation, observe } from "./lane.ts";

/** Test cases one after the other on one lane, so that each line of the log has one case to belong to. */
export function testCases(group: string, cases: readonly Case[], lane: () => Lane): void {
  describe(group, () => {
    for (const row of cases) {
      for (const version of row.clients ?? ["1.1"]) {
        const client = row.clients === undefined ? "" : `, to an HTTP/${version} client`;
        test(`${row.name}${client}`, async () => {
          judge(await observe(lane(), row, version), row, version);
        });
      }
    }
  });
}

function judge(seen: Observation, row: Case, version: ClientVersion): void {
  const { outcome } = row;
  assert.ok(!JSON.stringify(seen).includes(testKey), "the key is nowhere");
  if (outcome.kind === "passed") judgePassed(seen, outcome, version);
  else if (outcome.kind === "refused") judgeRefused(seen, outcome);
  else judgeCut(seen, outcome);
  assert.deepEqual(
    {
      // a refused connection is no request; else never more than one
      sentTwice: seen.requests > 1,
      connectionsLeft: seen.connectionsLeft,
      descriptorsLeft: seen.descriptorsLeft,
      next: seen.next,
    },
    { sentTwice: false, connectionsLeft: 0, descriptorsLeft: 0, next: { status: 200, body: goodBody } },
  );
}

const maskedLine = "codex: warning: the upstream sent the key back; it was masked";

function judgePassed({ answer, ending, log }: Observation, outcome: Passed, version: ClientVersion): void {
  const isMasked = outcome.isMasked === "either" ? log.length > 0 : outcome.isMasked;
  assert.deepEqual(
    {
      status: answer?.status,
      body: answer?.body,
      isWhole: answer?.isWhole,
      wasReset: ending === "reset",
      log,
    },
    {
      status: outcome.status,
      body: outcome.body,
      isWhole: true,
      wasReset: false,
      log: isMasked ? [maskedLine] : [],
    },
  );
  if (outcome.reason !== undefined) assert.match(answer?.reason ?? "", outcome.reason);
  const lines = answer?.headers.map(([name, value]) => `${name}: ${value}`) ?? [];
  for (const line of outcome.headers ?? [])
    assert.ok(lines.includes(line), `${line} in\n${lines.join("\n")}`);
  for (const name of outcome.withoutHeaders ?? [])
    assert.deepEqual(valuesOf(answer?.headers ?? [], name), []);
  if (outcome.trailers !== undefined && version === "1.1") {
    assert.deepEqual(
      answer?.trailers.map(([name, value]) => `${name}: ${value}`),
      outcome.trailers,
    );
  }
}

function judgeRefused({ answer, log }: Observation, outcome: Refused): void {
  assert.deepEqual(
    { status: answer?.status, isWhole: answer?.isWhole },
    { status: outcome.status, isWhole: true },
    answer?.body,
  );
  const { message, ...error } = JSON.parse(answer?.body ?? "").error;
  assert.deepEqual(error, {
    type: "upstream_error",
    code: outcome.status === 502 ? "PXY_ERR_UPSTREAM" : "PXY_ERR_UPSTREAM_TIMEOUT",
  });
  assert.match(message, outcome.cause);
  judgeLog(log, outcome.phases, outcome.cause);
}

function judgeCut({ answer, ending, log }: Observation, outcome: Cut): void {
  assert.deepEqual(
    { status: answer?.status, body: answer?.body, looksWhole: answer?.isWhole, ending },
    { status: outcome.status, body: outcome.body, looksWhole: false, ending: "reset" },
  );
  judgeLog(log, ["reading the answer"], outcome.cause);
}

function judgeLog(log: readonly string[], phases: readonly string[], cause: RegExp): void {
  assert.equal(log.length, 1, log.join("\n"));
  const line = /^codex: warning: request failed while ([^:]+): (.+)$/.exec(log[0] ?? "");
  assert.ok(line !== null, log[0]);
  assert.ok(phases.includes(line[1] ?? ""), `${line[1]}, not ${phases.join(" or ")}: ${line[2]}`);
  assert.match(line[2] ?? "", cause);
}
