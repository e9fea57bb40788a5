// Patches that nobody thought of: right ones make the file that was meant, wrong ones change nothing.

import assert from "node:assert/strict";
import { test } from "node:test";
import { applyPlan } from "../../../agent/apply-patch/apply.ts";
import { editText } from "../../../agent/apply-patch/edit.ts";
import { PatchError } from "../../../agent/apply-patch/errors.ts";
import { recognizeInvocation } from "../../../agent/apply-patch/invocation.ts";
import { parsePatch } from "../../../agent/apply-patch/parse.ts";
import { planPatch } from "../../../agent/apply-patch/plan.ts";
import { fc, runsOfPrograms } from "../../properties/settings.ts";
import { allCases } from "./cases/all.ts";
import { type Files, patchOf } from "./cases/case.ts";
import { inPlace, readPlace } from "./place.ts";

const names = { written: "f", absolute: "/f" };

/** Any text without line breaks, the awkward ones often. */
const text = fc.oneof(
  fc.constantFrom(
    "",
    " ",
    "a",
    "b",
    "  a",
    "a ",
    "+",
    "-",
    "@@",
    "@@ a",
    "*** End of File",
    "\ufeff",
    "a\rb",
    "\u2013",
  ),
  fc.string({ maxLength: 12 }).filter((text) => !/[\r\n]/.test(text)),
);
const ending = fc.constantFrom("\n", "\r\n");

/** A file as runs of lines: kept ones, and ones that are replaced. */
const edited = fc.array(
  fc.record({
    kept: fc.array(text, { maxLength: 4 }),
    old: fc.array(text, { maxLength: 3 }),
    new: fc.array(text, { maxLength: 3 }),
  }),
  { maxLength: 5 },
);

test("a patch that shows every line makes exactly the new file, whatever its line endings", () => {
  fc.assert(
    fc.property(edited, ending, (runs, ending) => {
      const join = (lines: readonly string[]) => lines.map((line) => line + ending).join("");
      const before = runs.flatMap((run) => [...run.kept, ...run.old]);
      const after = runs.flatMap((run) => [...run.kept, ...run.new]);
      const signed = runs.flatMap((run) => [
        ...run.kept.map((line) => ` ${line}`),
        ...run.old.map((line) => `-${line}`),
        ...run.new.map((line) => `+${line}`),
      ]);
      fc.pre(before.length > 0);
      const patch = parsePatch(patchOf("*** Update File: f", "@@", ...signed));
      assert.equal(patch.sections[0]?.kind, "update");
      assert.equal(editText(join(before), patch.sections[0].chunks, names), join(after));
    }),
  );
});

test("a patch of small chunks makes exactly the new file where every line is another", () => {
  const changes = fc.array(fc.constantFrom("keep", "remove", "replace", "insert"), {
    minLength: 1,
    maxLength: 60,
  });
  fc.assert(
    fc.property(changes, ending, fc.nat(2), fc.boolean(), (changes, ending, context, isMarked) => {
      const before = changes.map((_, index) => `line ${index}`);
      const news = changes.map((change, index) => {
        const old = before[index] as string;
        if (change === "keep") return [old];
        if (change === "remove") return [];
        return change === "replace" ? [`new ${index}`] : [`new ${index}`, old];
      });
      const lines: string[] = [];
      let shown = -1;
      for (const [index, change] of changes.entries()) {
        if (change === "keep") continue;
        const from = Math.max(shown + 1, index - context);
        if (from > shown + 1 || shown < 0) lines.push(isMarked && from > 0 ? `@@ ${before[from - 1]}` : "@@");
        for (let at = from; at < index; at += 1) lines.push(` ${before[at]}`);
        if (change === "insert") lines.push(`+new ${index}`, ` ${before[index]}`);
        else lines.push(`-${before[index]}`, ...(change === "replace" ? [`+new ${index}`] : []));
        shown = index;
      }
      fc.pre(lines.length > 0);
      const patch = parsePatch(patchOf("*** Update File: f", ...lines));
      assert.equal(patch.sections[0]?.kind, "update");
      const old = before.map((line) => line + ending).join("");
      const expected = news.flat().map((line) => line + ending);
      assert.equal(editText(old, patch.sections[0].chunks, names), expected.join(""));
    }),
  );
});

/** Patches of the table, and texts a few changes away from them. */
const nearPatch = fc
  .tuple(
    fc.constantFrom(...Object.values(allCases).flatMap((cases) => cases.map((one) => one.patch))),
    fc.array(
      fc.tuple(
        fc.nat(400),
        fc.nat(8),
        fc.oneof(
          fc.constantFrom(
            "\n",
            "\r\n",
            "*** ",
            "@@",
            "@@ ",
            "+",
            "-",
            " ",
            "*** End Patch",
            "*** End of File",
            "\0",
          ),
          fc.string({ maxLength: 5 }),
        ),
      ),
      { maxLength: 3 },
    ),
  )
  .map(([patch, changes]) =>
    changes.reduce(
      (text, [at, left, put]) =>
        text.slice(0, at % (text.length + 1)) + put + text.slice((at % (text.length + 1)) + left),
      patch,
    ),
  );

function parsesOrRefuses(text: string): void {
  try {
    parsePatch(text);
  } catch (error) {
    assert.ok(error instanceof PatchError, String(error));
    assert.equal(error.code, "PATCH_SYNTAX");
  }
}

test("any text is a patch or refused, by an error of our own", () => {
  fc.assert(fc.property(fc.oneof(nearPatch, fc.string({ unit: "binary" })), parsesOrRefuses));
});

test("what a patch was read to is read the same again", () => {
  fc.assert(
    fc.property(nearPatch, (text) => {
      let patch: ReturnType<typeof parsePatch>;
      try {
        patch = parsePatch(text);
      } catch {
        return;
      }
      assert.deepEqual(parsePatch(patch.text), patch);
      assert.deepEqual(parsePatch(`<<'EOF'\n${patch.text}\nEOF`), patch);
      assert.deepEqual(recognizeInvocation(["apply_patch", text]), {
        kind: "patch",
        patch,
        directory: undefined,
      });
    }),
  );
});

test("any command is recognised or left alone", () => {
  const word = fc.oneof(nearPatch, fc.constantFrom("bash", "-lc", "apply_patch"), fc.string());
  const script = nearPatch.map((patch) => `cd a && apply_patch <<'EOF'\n${patch}\nEOF\n`);
  fc.assert(
    fc.property(
      fc.oneof(
        fc.array(word, { maxLength: 4 }),
        script.map((text) => ["bash", "-lc", text]),
      ),
      (argv) => {
        assert.match(recognizeInvocation(argv).kind, /^(none|patch|invalid)$/);
      },
    ),
  );
});

test("a patch is applied whole, or changes nothing, byte for byte", async () => {
  const files = fc.constantFrom<Files>(
    { f: "a\nb\nc\n", g: "1\n", h: "2\n" },
    { f: "a\r\nb\r\n", d: null, "e/x": "1\n" },
    { f: "\ufeffa\nb", g: Uint8Array.of(0xff) },
  );
  await fc.assert(
    fc.asyncProperty(files, nearPatch, async (before, text) => {
      // What leads out of the folder is none of this test's business.
      fc.pre(!/\.\.|: *\//.test(text));
      await inPlace(before, async (place) => {
        const isDone = await planPatch(text, place)
          .then(async (plan) => {
            assert.deepEqual(readPlace(place), before);
            await applyPlan(plan);
            for (const { path, moveTo, newContent } of plan.changes)
              assert.ok(path.real && (moveTo ?? path).real, newContent);
            return true;
          })
          .catch((error: unknown) => {
            assert.ok(error instanceof PatchError, String(error));
            return false;
          });
        const after = readPlace(place);
        if (!isDone) assert.deepEqual(after, before);
        assert.deepEqual(
          Object.keys(after).filter((name) => name.includes(".apply_patch-")),
          [],
        );
      });
    }),
    { numRuns: runsOfPrograms },
  );
});

test("many equal lines take work in proportion to the file", () => {
  const before = "\n".repeat(200_000);
  const patch = parsePatch(
    patchOf("*** Update File: f", "@@", ...Array.from({ length: 50_000 }, () => " "), "-x"),
  );
  assert.equal(patch.sections[0]?.kind, "update");
  const { chunks } = patch.sections[0];
  assert.throws(() => editText(before, chunks, names), { code: "PATCH_LINES" });
});
