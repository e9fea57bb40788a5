// The diff of a turn: what git would show, and what `git apply` turns the old files into the new ones by.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import fs from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { TurnDiff } from "../../../../agent/tools/apply-patch/turn-diff.ts";
import { fc, runsOfPrograms } from "../../../properties/settings.ts";
import type { Files } from "../../apply-patch/cases/case.ts";
import { fillPlace, inPlace, readPlace } from "../../apply-patch/place.ts";

const git = (cwd: string, args: readonly string[], input = "") =>
  execFileSync("git", ["-c", "core.quotePath=false", ...args], { cwd, input, encoding: "utf8" });

/** Change a folder with these files into one with those, some paths having been announced. */
async function diffOf(before: Files, after: Files, changed = Object.keys({ ...before, ...after })) {
  return inPlace(before, async (place) => {
    const diff = new TurnDiff(place);
    await diff.willChange(changed.map((name) => join(place, name)));
    for (const name of Object.keys(before)) fs.rmSync(join(place, name), { force: true });
    fillPlace(place, after);
    return diff.next();
  });
}

/** What git itself shows of the same change. */
async function diffOfGit(before: Files, after: Files): Promise<string> {
  return inPlace(before, (place) => {
    git(place, ["init", "--quiet"]);
    git(place, ["add", "--all"]);
    const tree = git(place, ["write-tree"]).trim();
    for (const name of Object.keys(before)) fs.rmSync(join(place, name), { force: true });
    fillPlace(place, after);
    git(place, ["add", "--all"]);
    const diff = git(place, ["diff", "--cached", "--full-index", "--find-renames", tree]);
    // Behind the place of a hunk git names the function that it is in.
    return diff.replaceAll(/^(@@ .* @@).*$/gm, "$1");
  });
}

const lines = (count: number) => Array.from({ length: count }, (_, index) => `line ${index}\n`).join("");

describe("the diff of a turn is that of git", () => {
  const changes: readonly (readonly [title: string, before: Files, after: Files])[] = [
    ["for a changed file", { f: "a\nb\nc\nd\ne\nf\ng\n" }, { f: "a\nb\nc\nd\nE\nf\ng\n" }],
    ["for a file in a folder", { "d/e/f": "a\n" }, { "d/e/f": "b\n" }],
    ["for a new file", {}, { f: "a\nb\n" }],
    ["for an empty new file", {}, { f: "" }],
    ["for a deleted file", { f: "a\n" }, {}],
    ["for lines without an end", { f: "a" }, { f: "b" }],
    [
      "for changes far apart",
      { f: lines(40) },
      { f: lines(40).replace("line 3\n", "").replace("line 30", "30") },
    ],
    ["for a binary file", { f: Uint8Array.of(0, 1, 2) }, { f: Uint8Array.of(0, 1, 3) }],
    ["for bytes that are no text", { f: Uint8Array.of(0xff, 0xfe, 0) }, {}],
    ["for a file that was moved as it is", { "a.txt": lines(5) }, { "d/b.txt": lines(5) }],
    [
      "for a file that was moved and changed",
      { "a.txt": lines(20) },
      { "b.txt": lines(20).replace("line 7", "7") },
    ],
    ["for a file that has nothing in common with the one that is gone", { a: lines(9) }, { b: "other\n" }],
    [
      "for names with blanks, quotes and other letters",
      { "a b": "1\n", 'q"\\': "1\n", ü: "1\n" },
      { "a b": "2\n", 'q"\\': "2\n", ü: "2\n" },
    ],
    ["for a link that leads elsewhere", { l: { link: "a" } }, { l: { link: "b" } }],
    ["for a file that becomes a link", { l: "text\n" }, { l: { link: "b" } }],
    ["for several files, in their order", { b: "b\n", a: "a\n", c: "c\n" }, { a: "A\n", b: "B\n", c: "c\n" }],
  ];
  for (const [title, before, after] of changes) {
    test(title, async () => {
      assert.equal(await diffOf(before, after), await diffOfGit(before, after));
    });
  }

  test("for a mode that changes", async () => {
    await inPlace({ f: "a\n" }, async (place) => {
      git(place, ["init", "--quiet"]);
      git(place, ["add", "--all"]);
      const diff = new TurnDiff(place);
      await diff.willChange([join(place, "f")]);
      fs.chmodSync(join(place, "f"), 0o755);
      assert.equal(await diff.next(), git(place, ["diff", "--full-index"]));
    });
  });
});

describe("the diff of a turn", () => {
  test("makes the new files of the old ones by git apply, whatever the changes are", async () => {
    const content = fc
      .array(fc.constantFrom("a", "b", "", "+", "-- x", "\\ y"), { maxLength: 12 })
      .map((all) => all.join("\n"));
    const files = fc.dictionary(fc.constantFrom("a", "b c", "d/e", "d/\tf"), content, {
      noNullPrototype: true,
    });
    await fc.assert(
      fc.asyncProperty(files, files, async (before, after) => {
        const diff = (await diffOf(before, after)) ?? "";
        await inPlace(before, (place) => {
          if (diff !== "") git(place, ["apply", "--whitespace=nowarn", "--unidiff-zero"], diff);
          assert.deepEqual(readPlace(place), after);
        });
      }),
      { numRuns: runsOfPrograms },
    );
  });

  test("counts from the root of the repository, and names what is outside by its whole path", async () => {
    await inPlace({ "repo/.git": null, "repo/sub/f": "a\n", outside: "a\n" }, async (place) => {
      const diff = new TurnDiff(join(place, "repo/sub"));
      const paths = [join(place, "repo/sub/f"), join(place, "outside")];
      await diff.willChange(paths);
      for (const path of paths) fs.writeFileSync(path, "b\n");
      const names = ((await diff.next()) ?? "").split("\n").filter((line) => line.startsWith("diff "));
      const outside = join(place, "outside").slice(1);
      assert.deepEqual(
        names.toSorted(),
        ["diff --git a/sub/f b/sub/f", `diff --git a/${outside} b/${outside}`].toSorted(),
      );
    });
  });

  test("is told once for each state, from the first patch on, and is empty when all is as it was", async () => {
    await inPlace({ f: "a\n" }, async (place) => {
      const file = join(place, "f");
      const diff = new TurnDiff(place);
      assert.equal(await diff.next(), undefined);
      await diff.willChange([file]);
      assert.equal(await diff.next(), undefined);
      fs.writeFileSync(file, "b\n");
      assert.match((await diff.next()) ?? "", /\n-a\n\+b\n$/);
      assert.equal(await diff.next(), undefined);
      await diff.willChange([file]);
      fs.writeFileSync(file, "longer\n");
      assert.match((await diff.next()) ?? "", /\n-a\n\+longer\n$/);
      fs.writeFileSync(file, "a\n");
      assert.equal(await diff.next(), "");
    });
  });

  test("says of a large file that it has changed, and reads neither it nor anything that is no file", async () => {
    await inPlace({ large: "x", fifo: "x" }, async (place) => {
      const [large, fifo] = [join(place, "large"), join(place, "fifo")];
      fs.truncateSync(large, 1024 * 1024 + 1);
      const diff = new TurnDiff(place);
      await diff.willChange([large, fifo]);
      fs.appendFileSync(large, "y");
      fs.rmSync(fifo);
      execFileSync("mkfifo", [fifo]);
      assert.equal(
        await diff.next(),
        "diff --git a/fifo b/fifo\ndeleted file mode 100644\n" +
          "index c1b0730e0133447badcfd47fd144e254807b06e1..0000000000000000000000000000000000000000\n" +
          "--- a/fifo\n+++ /dev/null\n@@ -1 +0,0 @@\n-x\n\\ No newline at end of file\n" +
          "diff --git a/large b/large\nBinary files a/large and b/large differ\n",
      );
    });
  });

  test("stays within its bound, and still names every file", async () => {
    const files = Object.fromEntries(
      Array.from({ length: 6 }, (_, index) => [`f${index}`, `${"x".repeat(99)}\n`.repeat(10_000)]),
    );
    const diff = (await diffOf({}, files)) ?? "";
    assert.equal(diff.match(/^diff --git /gm)?.length, 6);
    assert.ok(diff.length < 4.1 * 1024 * 1024, `${diff.length}`);
    assert.match(diff, /\nBinary files \/dev\/null and b\/f5 differ\n$/);
  });
});
