// update_plan: what is shown of it, and what the model is told where it calls it wrongly.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { updatePlanTool } from "../../../agent/tools/update-plan/update-plan.ts";
import { callFunction, startTurn } from "./turn.ts";

describe("update_plan", () => {
  test("shows the whole plan and says that it did", async () => {
    const { context, reports } = startTurn({ cwd: "/" });
    const steps = [
      { step: "read", status: "completed" },
      { step: "write", status: "in_progress" },
      { step: "test", status: "pending" },
    ];
    const result = await callFunction(updatePlanTool, { explanation: "found it", plan: steps }, context);
    assert.deepEqual(result, { output: "Plan updated" });
    assert.deepEqual(reports, [["report", { type: "plan", explanation: "found it", steps }]]);
  });

  test("takes a plan without steps, and an explanation that is null", async () => {
    const { context, reports } = startTurn({ cwd: "/" });
    await callFunction(updatePlanTool, { explanation: null, plan: [] }, context);
    assert.deepEqual(reports, [["report", { type: "plan", steps: [] }]]);
  });

  // The beginnings of what 0.50 answers; it has a position behind them.
  const refusals: readonly (readonly [args: unknown, reason: string])[] = [
    [
      { plan: [{ step: "a", status: "bad" }] },
      "unknown variant `bad`, expected one of `pending`, `in_progress`, `completed`",
    ],
    [{ plan: [{ step: "a" }] }, "missing field `status`"],
    [{ plan: [{ step: 1, status: "pending" }] }, "invalid type: integer `1`, expected a string"],
    [{ plan: [{ step: "a", status: "pending", y: 1 }] }, "unknown field `y`, expected `step` or `status`"],
    [{ plan: [], x: 1 }, "unknown field `x`, expected `explanation` or `plan`"],
    [{ plan: "x" }, 'invalid type: string "x", expected a sequence'],
    [{ plan: ["x"] }, 'invalid type: string "x", expected an object'],
    [{ plan: [], explanation: 3 }, "invalid type: integer `3`, expected a string"],
    [{}, "missing field `plan`"],
    ['{"__proto__": {"plan": []}}', "unknown field `__proto__`, expected `explanation` or `plan`"],
    [[], "invalid type: sequence, expected an object"],
  ];
  for (const [args, reason] of refusals) {
    test(`answers ${JSON.stringify(args)} with the reason, and shows nothing`, async () => {
      const { context, reports } = startTurn({ cwd: "/" });
      await assert.rejects(callFunction(updatePlanTool, args, context), {
        name: "ToolFailure",
        message: `failed to parse function arguments: ${reason}`,
      });
      assert.deepEqual(reports, []);
    });
  }

  test("answers what is no JSON with the reason", async () => {
    const { context } = startTurn({ cwd: "/" });
    await assert.rejects(callFunction(updatePlanTool, "nonsense", context), {
      name: "ToolFailure",
      message: /^failed to parse function arguments: not JSON: /,
    });
  });
});
