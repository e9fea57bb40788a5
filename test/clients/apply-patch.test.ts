// Every case of the apply_patch table by the program itself, side by side with the originals: what it prints,
// how it exits, which files it leaves. Where an original does otherwise the table says what it does.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { allCases } from "../agent/apply-patch/cases/all.ts";
import type { Outcome, PatchCase } from "../agent/apply-patch/cases/case.ts";
import { fillPlace, readPlace } from "../agent/apply-patch/place.ts";
import { inFreshPlace, runSubject, type Subject, type SubjectName, subjects } from "./originals.ts";

function expectedOf(one: PatchCase, name: SubjectName): Outcome {
  const differs = { ours: undefined, "0.50": one.reference, newest: one.newest }[name];
  return differs ?? one.outcome;
}

async function outcomeOf(subject: Subject, one: PatchCase): Promise<Outcome> {
  return inFreshPlace(async (place) => {
    fillPlace(place.cwd, one.before);
    const args = ["--codex-run-as-apply-patch", one.patch];
    const { code, stdout, stderr } = await runSubject(subject, { ...place, args });
    const after = readPlace(place.cwd);
    if (code === 0) {
      assert.equal(stderr, "");
      const [first, ...says] = stdout.replace(/\n$/, "").split("\n");
      assert.equal(first, "Success. Updated the following files:");
      return { says, after };
    }
    assert.deepEqual({ code, stdout }, { code: 1, stdout: "" });
    // The newest names files by their absolute path.
    const error = stderr.replaceAll(`${place.cwd}/`, "").replaceAll(place.cwd, "/").replace(/\n$/, "");
    return { error, after };
  });
}

for (const subject of subjects) {
  for (const [about, cases] of Object.entries(allCases)) {
    describe(`apply_patch, ${about}: ${subject.name}`, { skip: subject.skip, concurrency: 2 }, () => {
      for (const one of cases) {
        test(one.title, async () => {
          const expected = expectedOf(one, subject.name);
          const unchanged = "error" in expected ? { after: one.before, ...expected } : expected;
          assert.deepEqual(await outcomeOf(subject, one), unchanged);
        });
      }
    });
  }
}
