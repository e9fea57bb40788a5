// AGENTS.md files: which are found, in which order, how much of them, and what cannot stop a thread.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import fs from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import fc from "fast-check";
import { projectInstructions } from "../../../agent/instructions/project-instructions.ts";
import { type InstructionSettings, placeWith, settingsIn } from "./place.ts";

interface Layout {
  readonly title: string;
  readonly files: Readonly<Record<string, string>>;
  readonly settings?: Partial<InstructionSettings>;
  readonly text: string | undefined;
  /** relative */
  readonly from: readonly string[];
}

const git = { "repo/.git/": "", "repo/sub/": "" };

const layouts: readonly Layout[] = [
  { title: "says nothing where there is none", files: git, text: undefined, from: [] },
  {
    title: "joins those from the root of the repository down to the working directory",
    files: {
      ...git,
      ...{ "AGENTS.md": "above", "repo/AGENTS.md": "root\n", "repo/sub/AGENTS.md": "sub" },
      "repo/sub/deep/AGENTS.md": "below",
    },
    text: "root\n\n\nsub",
    from: ["repo/AGENTS.md", "repo/sub/AGENTS.md"],
  },
  {
    title: "looks only into the working directory outside of a repository",
    files: { "repo/AGENTS.md": "parent", "repo/sub/AGENTS.md": "sub" },
    text: "sub",
    from: ["repo/sub/AGENTS.md"],
  },
  {
    title: "puts the personal one in front, trimmed",
    files: { ...git, "home/AGENTS.md": "\n  mine \n", "repo/AGENTS.md": " theirs \n" },
    text: "mine\n\n--- project-doc ---\n\n theirs \n",
    from: ["home/AGENTS.md", "repo/AGENTS.md"],
  },
  {
    title: "takes the personal override, and the usual file where the override says nothing",
    files: { ...git, "home/AGENTS.override.md": " \n", "home/AGENTS.md": "usual" },
    text: "usual",
    from: ["home/AGENTS.md"],
  },
  {
    title: "takes an override in place of the file beside it",
    files: { ...git, "repo/AGENTS.md": "usual", "repo/AGENTS.override.md": "instead" },
    text: "instead",
    from: ["repo/AGENTS.override.md"],
  },
  {
    title: "tries further names in their order where there is no AGENTS.md",
    files: {
      ...git,
      "repo/CLAUDE.md": "c",
      "repo/TEAM.md": "t",
      "repo/sub/AGENTS.md": "s",
      "repo/sub/TEAM.md": "no",
    },
    settings: { projectDocFallbackFilenames: ["TEAM.md", "CLAUDE.md"] },
    text: "t\n\ns",
    from: ["repo/TEAM.md", "repo/sub/AGENTS.md"],
  },
  {
    title: "leaves out files of blanks, and goes on below them",
    files: { ...git, "repo/AGENTS.md": " \n\t\n", "repo/sub/AGENTS.md": "sub" },
    text: "sub",
    from: ["repo/sub/AGENTS.md"],
  },
  {
    title: "sends none of a project's with a limit of 0, and the personal one all the same",
    files: { ...git, "home/AGENTS.md": "mine", "repo/AGENTS.md": "theirs" },
    settings: { projectDocMaxBytes: 0 },
    text: "mine",
    from: ["home/AGENTS.md"],
  },
  {
    title: "passes over a folder of that name",
    files: { ...git, "repo/AGENTS.override.md/": "", "repo/AGENTS.md": "file" },
    text: "file",
    from: ["repo/AGENTS.md"],
  },
  {
    title: "treats the root of a worktree, whose .git is a file, as a root",
    files: {
      "AGENTS.md": "above",
      "repo/.git": "gitdir: /elsewhere\n",
      "repo/AGENTS.md": "root",
      "repo/sub/": "",
    },
    text: "root",
    from: ["repo/AGENTS.md"],
  },
];

describe("instructions of a project", () => {
  for (const { title, files, settings, text, from } of layouts) {
    test(title, async (context) => {
      const root = placeWith(context, files);
      assert.deepEqual(await projectInstructions(settingsIn(root, settings)), {
        text,
        files: from.map((name) => join(root, name)),
        warnings: [],
      });
    });
  }

  test("share one budget from the root on, and say what was cut and what was left out", async (context) => {
    const files = {
      ...git,
      "repo/AGENTS.md": "Be nice.\n",
      "repo/sub/AGENTS.md": "sub and more",
      "repo/sub/x/AGENTS.md": "x",
    };
    const root = placeWith(context, files);
    const cwd = join(root, "repo/sub/x");
    const { text, warnings } = await projectInstructions(settingsIn(root, { cwd, projectDocMaxBytes: 12 }));
    assert.deepEqual(
      { text, warnings },
      {
        text: "Be nice.\n\n\nsub",
        warnings: [
          `${root}/repo/sub/AGENTS.md is cut after 3 bytes, what project_doc_max_bytes (12) leaves for it`,
          `${root}/repo/sub/x/AGENTS.md is not used: project_doc_max_bytes (12) is used up`,
        ],
      },
    );
  });

  test("are never cut within a character", async (context) => {
    const root = placeWith(context, git);
    await fc.assert(
      fc.asyncProperty(
        fc.string({ unit: "grapheme", minLength: 1 }),
        fc.integer({ min: 1, max: 40 }),
        async (text, limit) => {
          fs.writeFileSync(join(root, "repo/AGENTS.md"), text);
          const { text: read = "" } = await projectInstructions(
            settingsIn(root, { projectDocMaxBytes: limit }),
          );
          assert.ok(!read.includes("\ufffd") || text.includes("\ufffd"));
          assert.ok(text.startsWith(read) || text.startsWith(`\ufeff${read}`));
          assert.ok(Buffer.byteLength(read) <= limit);
        },
      ),
      { numRuns: 200 },
    );
  });

  test("may be reached by links, but not where a link leads to what the kernel tells of this process", async (context) => {
    const root = placeWith(context, { ...git, "shared.md": "shared" });
    fs.symlinkSync(join(root, "shared.md"), join(root, "repo/AGENTS.md"));
    fs.symlinkSync("/proc/self/environ", join(root, "repo/sub/AGENTS.md"));
    const { text, warnings } = await projectInstructions(settingsIn(root));
    assert.equal(text, "shared");
    assert.deepEqual(warnings, [`${root}/repo/sub/AGENTS.md is not used: it leads to a file of the kernel`]);
  });

  test("in a place of a FIFO, a socket, a device or a loop of links do not make a thread wait or fail", async (context) => {
    const root = placeWith(context, { ...git, "repo/AGENTS.md": "root" });
    assert.equal(spawnSync("mkfifo", [join(root, "repo/sub/AGENTS.md")]).status, 0);
    fs.symlinkSync("AGENTS.override.md", join(root, "repo/sub/AGENTS.override.md"));
    fs.mkdirSync(join(root, "home"));
    fs.symlinkSync("/dev/zero", join(root, "home/AGENTS.md"));
    const { text } = await projectInstructions(settingsIn(root));
    assert.equal(text, "root");
  });

  test("that are not UTF-8 are sent as far as they can be read", async (context) => {
    const root = placeWith(context, { ...git, "repo/AGENTS.md": Buffer.from("caf\xe9 rules", "latin1") });
    assert.equal((await projectInstructions(settingsIn(root))).text, "caf\ufffd rules");
  });
});
