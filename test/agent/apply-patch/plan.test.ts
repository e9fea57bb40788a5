// What a caller learns from a plan before anything is written.

import assert from "node:assert/strict";
import fs from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { PatchError } from "../../../agent/apply-patch/errors.ts";
import { planPatch } from "../../../agent/apply-patch/plan.ts";
import { patchOf, update } from "./cases/case.ts";
import { inPlace } from "./place.ts";

test("a plan has old and new contents, diffs and every absolute path", async () => {
  await inPlace({ f: "a\nb\nc\n", g: "1\n", h: "2\n", o: "old\n" }, async (place) => {
    const plan = await planPatch(
      patchOf(
        ...["*** Add File: d/x", "+1"],
        ...["*** Delete File: g"],
        ...["*** Update File: f", "@@", "-b", "+B"],
        ...["*** Update File: h", "*** Move to: o", "@@", "-2", "+3"],
      ),
      place,
    );
    const path = (written: string) => {
      const absolute = join(place, written);
      return { written, absolute, real: absolute };
    };
    assert.deepEqual(plan.changes, [
      {
        kind: "add",
        path: path("d/x"),
        overwritten: undefined,
        oldContent: undefined,
        newContent: "1\n",
        unifiedDiff: "@@ -0,0 +1 @@\n+1\n",
      },
      {
        kind: "delete",
        path: path("g"),
        oldContent: "1\n",
        newContent: undefined,
        unifiedDiff: "@@ -1 +0,0 @@\n-1\n",
      },
      {
        kind: "update",
        path: path("f"),
        oldContent: "a\nb\nc\n",
        newContent: "a\nB\nc\n",
        unifiedDiff: "@@ -1,3 +1,3 @@\n a\n-b\n+B\n c\n",
      },
      {
        kind: "update",
        path: path("h"),
        moveTo: path("o"),
        overwritten: "old\n",
        oldContent: "2\n",
        newContent: "3\n",
        unifiedDiff: "@@ -1 +1 @@\n-2\n+3\n",
      },
    ]);
    assert.deepEqual(
      plan.touchedPaths,
      ["d/x", "g", "f", "h", "o"].map((name) => join(place, name)),
    );
  });
});

test("a path through links is told with the place where the bytes go", async () => {
  await inPlace({ "outside/f": "a\n", inside: null }, async (place) => {
    const cwd = join(place, "inside");
    fs.symlinkSync("../outside", join(cwd, "dir"));
    fs.symlinkSync("../outside/f", join(cwd, "file"));
    const { touchedPaths } = await planPatch(
      patchOf(
        ...["*** Add File: dir/new/x", "+1"],
        ...["*** Update File: file", "@@", "-a", "+b"],
        ...["*** Update File: dir/../outside/f", "@@", "-b", "+c"],
        ...["*** Add File: ../y", "+1", `*** Add File: ${place}/z`, "+1"],
      ),
      cwd,
    );
    assert.deepEqual(touchedPaths, [
      ...[join(cwd, "dir/new/x"), join(place, "outside/new/x")],
      ...[join(cwd, "file"), join(place, "outside/f")],
      join(cwd, "outside/f"),
      ...[join(place, "y"), join(place, "z")],
    ]);
  });
});

test("a working directory that is a link is followed too", async () => {
  await inPlace({ "real/f": "a\n" }, async (place) => {
    fs.symlinkSync("real", join(place, "link"));
    const { steps } = await planPatch(update("@@", "-a", "+b"), join(place, "link"));
    assert.deepEqual(
      steps.map((step) => step.path),
      [join(place, "real/f")],
    );
  });
});

test("errors of a check beforehand name files by their absolute paths", async () => {
  await inPlace({ f: "a\n", d: null }, async (place) => {
    const cases = [
      [update("@@ zz", "-a"), `Failed to find context 'zz' in ${place}/f`],
      [update("@@", "-b", "-c"), `Failed to find expected lines in ${place}/f:\nb\nc`],
      [
        patchOf("*** Update File: g", "@@", "-b"),
        `Failed to read file to update ${place}/g: No such file or directory (os error 2)`,
      ],
      [patchOf("*** Delete File: g"), `Failed to read ${place}/g: No such file or directory (os error 2)`],
      [patchOf("*** Delete File: d"), `Failed to read ${place}/d: Is a directory (os error 21)`],
      ["foo", "invalid patch: The first line of the patch must be '*** Begin Patch'"],
      [update(), "invalid hunk at line 2, Update file hunk for path 'f' is empty"],
    ] as const;
    for (const [patch, verification] of cases) {
      await assert.rejects(planPatch(patch, place), (error) => {
        assert.ok(error instanceof PatchError);
        assert.equal(error.verification, verification);
        return true;
      });
    }
  });
});

test("a pipe is neither read nor written", async () => {
  await inPlace({}, async (place) => {
    const { spawnSync } = await import("node:child_process");
    assert.equal(spawnSync("mkfifo", [join(place, "f")]).status, 0);
    await assert.rejects(planPatch(update("@@", "-a"), place), /^PatchError: .* f: not a regular file$/);
    await assert.rejects(planPatch(patchOf("*** Add File: f", "+1"), place), /Failed to write file f$/);
    const { steps } = await planPatch(patchOf("*** Delete File: f"), place);
    assert.equal(steps.length, 1);
  });
});

test("a file beyond the longest string is refused before it is read", async () => {
  await inPlace({ f: "" }, async (place) => {
    fs.truncateSync(join(place, "f"), 2 ** 30);
    await assert.rejects(planPatch(update("@@", "-a"), place), /f: file is too large to be edited$/);
  });
});
