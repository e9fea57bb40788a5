// All of a patch or nothing, whatever fails on the way, and what belongs to a file besides its bytes.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import fs from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { applyPlan } from "../../../agent/apply-patch/apply.ts";
import { PatchError } from "../../../agent/apply-patch/errors.ts";
import { machineFileSystem, type PatchFileSystem } from "../../../agent/apply-patch/file-system.ts";
import { planPatch } from "../../../agent/apply-patch/plan.ts";
import { type Files, patchOf, update } from "./cases/case.ts";
import { applyAsUser, canMount, isRoot, withMount } from "./machine.ts";
import { inPlace, readPlace } from "./place.ts";

/** Something of everything: added with new directories, overwritten, updated, moved twice, deleted twice. */
const before: Files = {
  over: "old\n",
  update: "a\nb\n",
  from: "1\n",
  link: { link: "update" },
  onto: "onto\n",
  source: "s\n",
  gone: "g\n",
  "way/in": "w\n",
  room: "r\n",
};
const patch = patchOf(
  ...["*** Add File: new/dir/x", "+x", "*** Add File: over", "+new"],
  ...["*** Update File: update", "@@", "-a", "+A"],
  ...["*** Update File: from", "*** Move to: to/there", "@@", "-1", "+2"],
  ...["*** Update File: source", "*** Move to: onto", "@@", "-s", "+S"],
  ...["*** Delete File: gone", "*** Delete File: link", "*** Add File: link", "+l"],
  ...["*** Delete File: room", "*** Add File: room/y", "+y"],
);
const after: Files = {
  "new/dir/x": "x\n",
  over: "new\n",
  update: "A\nb\n",
  "to/there": "2\n",
  onto: "S\n",
  link: "l\n",
  "way/in": "w\n",
  "room/y": "y\n",
};

const changing = [
  ...[
    "access",
    "chmod",
    "chown",
    "copyFile",
    "link",
    "mkdir",
    "open",
    "rename",
    "rmdir",
    "symlink",
    "unlink",
  ],
] as const;

/** The machine's calls, with one that is consulted before each that changes something. */
function watched(onCall: (name: string, path: string) => void): PatchFileSystem {
  const calls: Record<string, unknown> = { ...machineFileSystem };
  for (const name of changing) {
    const call = machineFileSystem[name] as (...args: unknown[]) => Promise<unknown>;
    calls[name] = async (...args: unknown[]) => {
      onCall(name, String(args[0]));
      return call(...args);
    };
  }
  return calls as unknown as PatchFileSystem;
}

function failing(code: string): Error {
  return Object.assign(new Error(code), { code, errno: -5 });
}

async function callsOf(files: Files, text: string): Promise<string[]> {
  const names: string[] = [];
  await inPlace(files, async (place) => {
    await applyPlan(
      await planPatch(text, place),
      watched((name) => names.push(name)),
    );
  });
  return names;
}

test("a patch of every kind is applied and leaves nothing else behind", async () => {
  await inPlace(before, async (place) => {
    await applyPlan(await planPatch(patch, place));
    assert.deepEqual(readPlace(place), after);
  });
});

test("whichever call fails, everything is as it was, byte for byte and file for file", async () => {
  const names = await callsOf(before, patch);
  assert.ok(names.length > 30, `${names.length} calls`);
  let undone = 0;
  for (const [failure, name] of names.entries()) {
    await inPlace(before, async (place) => {
      const regular = Object.keys(before).filter((file) => typeof before[file] === "string");
      const inodes = () => regular.map((file) => fs.lstatSync(join(place, file)).ino);
      const inodesBefore = inodes();
      const plan = await planPatch(patch, place);
      let count = 0;
      const faulty = watched(() => {
        count += 1;
        if (count === failure + 1) throw failing("EIO");
      });
      const outcome = await applyPlan(plan, faulty).catch((error: unknown) => error);
      if (outcome === undefined) {
        // Second names that cannot be made are replaced by copies; what is left over only stays behind.
        assert.match(name, /^(unlink|link)$/, `call ${failure}`);
        const seen = Object.entries(readPlace(place)).filter(([path]) => !path.includes(".apply_patch-"));
        assert.deepEqual(Object.fromEntries(seen), after);
        return;
      }
      assert.ok(outcome instanceof PatchError, String(outcome));
      assert.match(outcome.code, /^PATCH_(WRITE|PARENT|DELETE)$/);
      assert.deepEqual(readPlace(place), before, `call ${failure}, ${name}`);
      assert.deepEqual(inodes(), inodesBefore);
      undone += 1;
    });
  }
  assert.ok(undone > 20, `${undone} failures undone`);
});

test("an undoing that fails too is told with the paths, and keeps the backups", async () => {
  await inPlace({ f: "1\n", g: "2\n" }, async (place) => {
    const plan = await planPatch(
      patchOf("*** Update File: f", "@@", "-1", "+3", "*** Update File: g", "@@", "-2", "+4"),
      place,
    );
    let renames = 0;
    const faulty = watched((name) => {
      if (name === "rename") renames += 1;
      if (renames > 1 && name === "rename") throw failing("EIO");
    });
    const error = await applyPlan(plan, faulty).catch((error: unknown) => error);
    assert.ok(error instanceof PatchError);
    assert.equal(error.code, "PATCH_ROLLBACK");
    assert.match(error.message, /Not put back: .*\/f \(EIO\)$/);
    const contents = Object.values(readPlace(place)).sort();
    assert.deepEqual(contents, ["1\n", "2\n", "3\n"]);
  });
});

test("killed at any call, each file is old or new and nothing stands in the way of another patch", async () => {
  const names = await callsOf(before, patch);
  const program = new URL("killed-program.js", import.meta.url).pathname;
  for (let call = 1; call <= names.length; call += 1) {
    await inPlace(before, async (place) => {
      const killed = spawnSync(process.execPath, [program, String(call), patch], { cwd: place });
      assert.equal(killed.signal, "SIGKILL", `${call}: ${killed.stderr}`);
      const files = Object.entries(readPlace(place)).filter(
        ([path, content]) => !path.includes(".apply_patch-") && content !== null,
      );
      for (const [path, content] of files) {
        assert.ok(
          [before[path], after[path]].some((one) => isEqual(one, content)),
          `${call}: ${path}`,
        );
      }
      // What was moved or replaced is there in one form at least.
      const names = new Set(files.map(([path]) => path));
      for (const pair of [["from", "to/there"], ["source", "onto"], ["over"], ["update"]]) {
        assert.ok(
          pair.some((name) => names.has(name)),
          `${call}: ${pair.join(", ")}`,
        );
      }
      const again = patchOf("*** Add File: new/dir/x", "+again", "*** Add File: over", "+again");
      await applyPlan(await planPatch(again, place), machineFileSystem);
      assert.equal(fs.readFileSync(join(place, "new/dir/x"), "utf8"), "again\n");
    });
  }
});

function isEqual(left: unknown, right: unknown): boolean {
  return JSON.stringify(left) === JSON.stringify(right);
}

describe("a plan that is out of date", () => {
  const cases: readonly (readonly [title: string, change: (place: string) => void])[] = [
    ["a file that was changed", (place) => fs.writeFileSync(join(place, "f"), "a\nb\nc\n")],
    [
      "a file that was changed to the same length",
      (place) => {
        fs.writeFileSync(join(place, "f"), "x\n");
        fs.utimesSync(join(place, "f"), 1, 1);
      },
    ],
    [
      "a file that was replaced by another of the same length and time",
      (place) => {
        fs.writeFileSync(join(place, "other"), "x\n");
        assert.equal(spawnSync("touch", ["-r", join(place, "f"), join(place, "other")]).status, 0);
        fs.renameSync(join(place, "other"), join(place, "f"));
      },
    ],
    ["a file that was removed", (place) => fs.rmSync(join(place, "f"))],
    [
      "a file that was replaced by a directory",
      (place) => {
        fs.rmSync(join(place, "f"));
        fs.mkdirSync(join(place, "f"));
      },
    ],
    [
      "a file that was replaced by a link",
      (place) => {
        fs.renameSync(join(place, "f"), join(place, "h"));
        fs.symlinkSync("h", join(place, "f"));
      },
    ],
    ["a file that is there where none was", (place) => fs.writeFileSync(join(place, "x"), "")],
    ["a directory that is there where none was", (place) => fs.mkdirSync(join(place, "x"))],
  ];
  for (const [title, change] of cases) {
    test(`${title} is left as it is`, async () => {
      await inPlace({ f: "a\n", g: "1\n" }, async (place) => {
        const text = patchOf(
          ...["*** Update File: g", "@@", "-1", "+2", "*** Add File: x", "+1"],
          ...["*** Update File: f", "@@", "-a", "+A"],
        );
        const plan = await planPatch(text, place);
        change(place);
        const changed = readPlace(place);
        await assert.rejects(applyPlan(plan), { code: "PATCH_CHANGED" });
        assert.deepEqual(readPlace(place), changed);
      });
    });
  }
});

test("a target that becomes a directory at the last moment fails the whole patch, and stays", async () => {
  for (const kind of ["update", "delete"]) {
    await inPlace({ f: "a\n", g: "1\n" }, async (place) => {
      const section = kind === "update" ? ["*** Update File: f", "@@", "-a", "+A"] : ["*** Delete File: f"];
      const plan = await planPatch(
        patchOf(
          "*** Update File: g",
          "@@",
          "-1",
          "+2",
          ...section,
          "*** Add File: z",
          "+1",
          "*** Delete File: g",
        ),
        place,
      );
      const target = join(place, "f");
      let isDone = false;
      const meddling = watched((name, path) => {
        const isTime = name === "rename" && (kind === "delete" ? path === target : !isDone);
        if (!isTime || isDone) return;
        isDone = true;
        fs.rmSync(target);
        fs.mkdirSync(target);
        fs.writeFileSync(join(target, "inside"), "i\n");
      });
      await assert.rejects(applyPlan(plan, meddling), { code: /PATCH_(WRITE|DELETE)/ });
      assert.deepEqual(readPlace(place), { "f/inside": "i\n", g: "1\n" });
    });
  }
});

describe("what belongs to a file besides its bytes", () => {
  const modeOf = (path: string) => (fs.statSync(path).mode & 0o7777).toString(8);

  test("an updated file keeps its mode", async () => {
    for (const mode of [0o755, 0o600, 0o666, 0o640]) {
      await inPlace({ f: "a\n" }, async (place) => {
        fs.chmodSync(join(place, "f"), mode);
        await applyPlan(await planPatch(update("@@", "-a", "+A"), place));
        assert.equal(modeOf(join(place, "f")), mode.toString(8));
      });
    }
  });

  test("the new content of a private file is on no disk where others may read it, not even on the way", async () => {
    await inPlace({ f: "a\n" }, async (place) => {
      fs.chmodSync(join(place, "f"), 0o600);
      const modes: number[] = [];
      const observed: PatchFileSystem = {
        ...machineFileSystem,
        open: async (...args) => {
          const file = await machineFileSystem.open(...args);
          modes.push((await file.stat()).mode & 0o777);
          return file;
        },
      };
      const mask = process.umask(0);
      try {
        await applyPlan(await planPatch(update("@@", "-a", "+A"), place), observed);
      } finally {
        process.umask(mask);
      }
      assert.deepEqual(modes, [0o600]);
    });
  });

  test("a file that is moved takes its mode along, one that is replaced keeps its own", async () => {
    await inPlace({ f: "a\n", g: "b\n", h: "c\n" }, async (place) => {
      fs.chmodSync(join(place, "f"), 0o755);
      fs.chmodSync(join(place, "g"), 0o755);
      fs.chmodSync(join(place, "h"), 0o600);
      const text = patchOf(
        ...["*** Update File: f", "*** Move to: new", "@@", " a"],
        ...["*** Update File: g", "*** Move to: h", "@@", " b"],
      );
      await applyPlan(await planPatch(text, place));
      assert.deepEqual([modeOf(join(place, "new")), modeOf(join(place, "h"))], ["755", "600"]);
    });
  });

  test("a new file has the mode that the process gives new files", async () => {
    await inPlace({}, async (place) => {
      const mask = process.umask(0o027);
      try {
        await applyPlan(await planPatch(patchOf("*** Add File: f", "+1"), place));
      } finally {
        process.umask(mask);
      }
      assert.equal(modeOf(join(place, "f")), "640");
    });
  });

  test("an updated file keeps its owner", { skip: !isRoot && "only root can give files away" }, async () => {
    await inPlace({ f: "a\n" }, async (place) => {
      fs.chownSync(join(place, "f"), 12345, 54321);
      await applyPlan(await planPatch(update("@@", "-a", "+A"), place));
      const { uid, gid } = fs.statSync(join(place, "f"));
      assert.deepEqual({ uid, gid }, { uid: 12345, gid: 54321 });
    });
  });

  test("another name of an updated file keeps the old content", async () => {
    await inPlace({ f: "a\n" }, async (place) => {
      fs.linkSync(join(place, "f"), join(place, "g"));
      await applyPlan(await planPatch(update("@@", "-a", "+A"), place));
      assert.deepEqual(readPlace(place), { f: "A\n", g: "a\n" });
    });
  });
});

describe("files that others protect", { skip: !isRoot && "only root can become somebody else" }, () => {
  const updateF = update("@@", "-a", "+A");

  test("a file that may not be written is not replaced, although its directory may be written", async () => {
    await inPlace({ f: "a\n" }, (place) => {
      fs.chmodSync(join(place, "f"), 0o444);
      const { stderr } = applyAsUser(place, updateF);
      assert.equal(stderr, "Failed to write file f\nPermission denied (os error 13)\n");
      assert.deepEqual(readPlace(place), { f: "a\n" });
    });
  });

  test("a file that may be written is updated in a directory that may not", async () => {
    await inPlace({ "d/f": "a\nlong\nlonger\n", x: "1\n" }, (place) => {
      const text = patchOf(
        ...["*** Update File: x", "@@", "-1", "+2"],
        ...["*** Update File: d/f", "@@", "-a", "-long", "+A"],
      );
      const { status } = applyAsUser(place, text, () => {
        fs.chownSync(join(place, "d"), 0, 0);
        fs.chmodSync(join(place, "d"), 0o755);
      });
      assert.equal(status, 0);
      assert.deepEqual(readPlace(place), { "d/f": "A\nlonger\n", x: "2\n" });
    });
  });

  test("what was updated there is put back when a later step fails", async () => {
    await inPlace({ "d/f": "a\nlong\nlonger\n", "d/g": "1\n" }, (place) => {
      const text = patchOf("*** Update File: d/f", "@@", "-a", "-long", "+A", "*** Delete File: d/g");
      const { stderr } = applyAsUser(place, text, () => {
        fs.chownSync(join(place, "d"), 0, 0);
        fs.chmodSync(join(place, "d"), 0o755);
      });
      assert.equal(stderr, "Failed to delete file d/g\nPermission denied (os error 13)\n");
      assert.deepEqual(readPlace(place), { "d/f": "a\nlong\nlonger\n", "d/g": "1\n" });
    });
  });

  test("nothing is added in a directory that may not be written", async () => {
    await inPlace({ "d/f": "a\n", x: "1\n" }, (place) => {
      const text = patchOf("*** Update File: x", "@@", "-1", "+2", "*** Add File: d/n/y", "+1");
      const { stderr } = applyAsUser(place, text, () => {
        fs.chownSync(join(place, "d"), 0, 0);
        fs.chmodSync(join(place, "d"), 0o755);
      });
      assert.match(stderr, /^Failed to create parent directories for d\/n\/y\nPermission denied/);
      assert.deepEqual(readPlace(place), { "d/f": "a\n", x: "1\n" });
    });
  });

  test("somebody else's file that may be written stays his", async () => {
    await inPlace({ f: "a\n" }, (place) => {
      const { status } = applyAsUser(place, updateF, () => {
        fs.chownSync(join(place, "f"), 0, 0);
        fs.chmodSync(join(place, "f"), 0o666);
      });
      assert.equal(status, 0);
      assert.deepEqual(readPlace(place), { f: "A\n" });
      assert.equal(fs.statSync(join(place, "f")).uid, 0);
    });
  });
});

describe("file systems", { skip: !canMount && "needs to mount" }, () => {
  test("a full disk fails the whole patch and leaves what was there", async () => {
    await inPlace({ disk: null, f: "1\n" }, async (place) => {
      await withMount(join(place, "disk"), ["-t", "tmpfs", "-o", "size=256k", "tmpfs"], async () => {
        fs.writeFileSync(join(place, "disk/a"), "a\n");
        const big = Array.from({ length: 9000 }, (_, line) => `+${line} ${"x".repeat(40)}`);
        const text = patchOf(
          ...["*** Update File: f", "@@", "-1", "+2", "*** Update File: disk/a", "@@", "-a", "+A"],
          ...["*** Add File: disk/big", ...big],
        );
        const wanted = { f: "1\n", "disk/a": "a\n" };
        const plan = await planPatch(text, place);
        await assert.rejects(applyPlan(plan), /disk\/big\nNo space left on device \(os error 28\)$/);
        assert.deepEqual(readPlace(place), wanted);
      });
    });
  });

  test("a file on a full disk that grows in place is put back", async () => {
    await inPlace({ disk: null }, async (place) => {
      const target = join(place, "disk/a");
      await withMount(join(place, "disk"), ["-t", "tmpfs", "-o", "size=64k", "tmpfs"], async () => {
        fs.writeFileSync(target, "a\n".repeat(10_000));
        const big = Array.from({ length: 9000 }, () => `+${"x".repeat(40)}`);
        const plan = await planPatch(patchOf("*** Update File: disk/a", "@@", "-a", ...big), place);
        const closed = {
          ...machineFileSystem,
          open: ((path: string, ...rest: [string]) =>
            path === target
              ? machineFileSystem.open(path, ...rest)
              : Promise.reject(failing("EACCES"))) as PatchFileSystem["open"],
        };
        await assert.rejects(applyPlan(plan, closed), /No space left on device/);
        assert.equal(fs.readFileSync(target, "utf8"), "a\n".repeat(10_000));
      });
    });
  });

  test("a read-only file system fails the whole patch", async () => {
    await inPlace({ disk: null, f: "1\n" }, async (place) => {
      await withMount(join(place, "disk"), ["-t", "tmpfs", "tmpfs"], async () => {
        fs.writeFileSync(join(place, "disk/a"), "a\n");
        assert.equal(spawnSync("mount", ["-o", "remount,ro", join(place, "disk")]).status, 0);
        for (const section of [
          ["*** Update File: disk/a", "@@", "-a", "+A"],
          ["*** Delete File: disk/a"],
          ["*** Add File: disk/b", "+b"],
        ]) {
          const plan = await planPatch(patchOf("*** Update File: f", "@@", "-1", "+2", ...section), place);
          await assert.rejects(applyPlan(plan), /Read-only file system \(os error 30\)$/);
          assert.deepEqual(readPlace(place), { f: "1\n", "disk/a": "a\n" });
        }
      });
    });
  });

  test("a file that is a mount of its own is updated in place", async () => {
    await inPlace({ outer: "a\n", f: "" }, async (place) => {
      await withMount(join(place, "f"), ["--bind", join(place, "outer")], async () => {
        await applyPlan(await planPatch(update("@@", "-a", "+A"), place));
        assert.deepEqual(readPlace(place), { f: "A\n", outer: "A\n" });
      });
    });
  });

  test("a file is moved to another file system", async () => {
    await inPlace({ disk: null, f: "a\n" }, async (place) => {
      await withMount(join(place, "disk"), ["-t", "tmpfs", "tmpfs"], async () => {
        await applyPlan(await planPatch(update("*** Move to: disk/g", "@@", "-a", "+A"), place));
        assert.deepEqual(readPlace(place), { "disk/g": "A\n" });
      });
    });
  });
});
