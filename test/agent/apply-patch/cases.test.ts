// Every case of the table, planned and applied in a folder of its own.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { applyPlan } from "../../../agent/apply-patch/apply.ts";
import { PatchError } from "../../../agent/apply-patch/errors.ts";
import { planPatch } from "../../../agent/apply-patch/plan.ts";
import { summarize } from "../../../agent/apply-patch/summary.ts";
import { allCases } from "./cases/all.ts";
import type { Outcome, PatchCase } from "./cases/case.ts";
import { inPlace, readPlace } from "./place.ts";

async function outcomeOf({ patch, before }: PatchCase): Promise<Outcome> {
  return inPlace(before, async (place) => {
    try {
      const plan = await planPatch(patch, place);
      assert.deepEqual(readPlace(place), before, "planning writes nothing");
      await applyPlan(plan);
      const after = readPlace(place);
      if (plan.changes.length === 0) return { error: "No files were modified.", after };
      return { says: summarize(plan.changes).trimEnd().split("\n").slice(1), after };
    } catch (error) {
      if (!(error instanceof PatchError)) throw error;
      return { error: error.message, after: readPlace(place) };
    }
  });
}

for (const [subject, cases] of Object.entries(allCases)) {
  describe(subject, () => {
    for (const one of cases) {
      test(one.title, async () => {
        const expected = "error" in one.outcome ? { ...one.outcome, after: one.before } : one.outcome;
        assert.deepEqual(await outcomeOf(one), expected);
      });
    }
  });
}

test("the table has at least 150 cases and no title twice", () => {
  const titles = Object.values(allCases).flatMap((cases) => cases.map((one) => one.title));
  assert.ok(titles.length >= 150, `${titles.length} cases`);
  assert.equal(new Set(titles).size, titles.length);
});
