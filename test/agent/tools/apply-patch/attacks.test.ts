// Patches that want out of the folders in which a turn may write. Each is a control first: under full access it
// reaches what it is after, or it would prove nothing. Then it is tried under workspace-write.

import assert from "node:assert/strict";
import fs from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { applyPatchTool } from "../../../../agent/tools/apply-patch/apply-patch-tool.ts";
import type { ToolContext } from "../../../../agent/tools/tool.ts";
import { type Files, patchOf } from "../../apply-patch/cases/case.ts";
import { readPlace } from "../../apply-patch/place.ts";
import { inProject, type Project } from "./project.ts";

const tool = applyPatchTool("freeform", "text");

function apply(lines: readonly string[], context: ToolContext) {
  return tool.run({ callId: "call", kind: "custom", name: "apply_patch", input: patchOf(...lines) }, context);
}

const rejected = "patch rejected: writing outside of the project; rejected by user approval settings";

interface Attack {
  readonly title: string;
  /** of the folder in which the thread works; links lead from there */
  readonly files: Files;
  readonly lines: (project: Project) => readonly string[];
  /** what is attacked: relative to the folder that holds work, outside and home */
  readonly target: string;
  /** with a person's leave; no policy with a sandbox lets anybody make these */
  readonly runsAs?: "danger-full-access";
}

const victim = (project: Project) => {
  fs.mkdirSync(join(project.outside, "deep"));
  fs.writeFileSync(join(project.outside, "victim"), "old\n");
};

const outwards: readonly Attack[] = [
  {
    title: "by ..",
    files: {},
    lines: () => ["*** Add File: ../outside/new", "+x"],
    target: "outside/new",
  },
  {
    title: "by an absolute path",
    files: {},
    lines: ({ outside }) => [`*** Add File: ${outside}/new`, "+x"],
    target: "outside/new",
  },
  {
    title: "through a link to a folder",
    files: { link: { link: "../outside" } },
    lines: () => ["*** Add File: link/new", "+x"],
    target: "outside/new",
  },
  {
    title: "through a link to a file that is updated",
    files: { link: { link: "../outside/victim" } },
    lines: () => ["*** Update File: link", "@@", "-old", "+new"],
    target: "outside/victim",
  },
  {
    title: "through a link to a file that is added over it",
    files: { link: { link: "../outside/victim" } },
    lines: () => ["*** Add File: link", "+new"],
    target: "outside/victim",
  },
  {
    title: "through a link that leads to nothing yet",
    files: { link: { link: "../outside/new" } },
    lines: () => ["*** Add File: link", "+new"],
    target: "outside/new",
  },
  {
    title: "through a link to a link",
    files: { one: { link: "two" }, two: { link: "../outside" } },
    lines: () => ["*** Add File: one/new", "+x"],
    target: "outside/new",
  },
  {
    title: "by .. behind a link, where the letters stay inside",
    files: { link: { link: "../outside/deep" } },
    lines: () => ["*** Add File: link/../new", "+x"],
    target: "outside/new",
  },
  {
    title: "by a move",
    files: { f: "a\n", link: { link: "../outside" } },
    lines: () => ["*** Update File: f", "*** Move to: link/new", "@@", "-a", "+b"],
    target: "outside/new",
  },
  {
    title: "by a move from there, which deletes",
    files: { link: { link: "../outside" } },
    lines: () => ["*** Update File: link/victim", "*** Move to: mine", "@@", "-old", "+new"],
    target: "outside/victim",
  },
  {
    title: "by deleting through a link",
    files: { link: { link: "../outside" } },
    lines: () => ["*** Delete File: link/victim"],
    target: "outside/victim",
  },
  {
    title: "beside a section that is harmless",
    files: { f: "a\n" },
    lines: () => ["*** Update File: f", "@@", "-a", "+b", "*** Add File: ../outside/new", "+x"],
    target: "outside/new",
  },
];

const hook = ["+#!/bin/sh", "+touch /tmp/owned"];
const protectedPlaces: readonly Attack[] = [
  {
    title: "a hook of git",
    files: { ".git/HEAD": "ref: refs/heads/main\n" },
    lines: () => ["*** Add File: .git/hooks/post-checkout", ...hook],
    target: "work/.git/hooks/post-checkout",
  },
  {
    title: "the configuration of git, which names programs",
    files: { ".git/config": "[core]\n" },
    lines: () => ["*** Update File: .git/config", "@@", " [core]", "+\tfsmonitor = ./evil"],
    target: "work/.git/config",
  },
  {
    title: "a hook of git through a link",
    files: { ".git/HEAD": "ref: refs/heads/main\n", g: { link: ".git" } },
    lines: () => ["*** Add File: g/hooks/post-checkout", ...hook],
    target: "work/.git/hooks/post-checkout",
  },
  {
    title: "a repository where there is none",
    files: {},
    lines: () => ["*** Add File: .git/config", "+[core]"],
    target: "work/.git/config",
    runsAs: "danger-full-access",
  },
  {
    title: "the file in which a worktree names its repository",
    files: { ".git": "gitdir: /nowhere\n" },
    lines: () => ["*** Update File: .git", "@@", "-gitdir: /nowhere", "+gitdir: evil"],
    target: "work/.git",
    runsAs: "danger-full-access",
  },
  {
    title: "the configuration of codex",
    files: { ".codex/config.toml": "model = 'a'\n" },
    lines: () => ["*** Update File: .codex/config.toml", "@@", " model = 'a'", "+notify = ['evil']"],
    target: "work/.codex/config.toml",
  },
  {
    title: "a configuration of codex where there is none",
    files: {},
    lines: () => ["*** Add File: .codex/config.toml", "+notify = ['evil']"],
    target: "work/.codex/config.toml",
    runsAs: "danger-full-access",
  },
  {
    title: "the skills of agents",
    files: { ".agents/skills/s": "a\n" },
    lines: () => ["*** Add File: .agents/skills/t", "+evil"],
    target: "work/.agents/skills/t",
  },
];

const inside = (path: string) =>
  fs.lstatSync(path, { throwIfNoEntry: false }) && fs.readFileSync(path, "utf8");

for (const [subject, attacks] of [
  ["a patch that reaches out of the roots", outwards],
  ["a patch that writes where git, codex and agents take orders from", protectedPlaces],
] as const) {
  describe(subject, () => {
    for (const { title, files, lines, target, runsAs } of attacks) {
      test(`${title}: succeeds under full access, is rejected under workspace-write`, async () => {
        await inProject(files, async (project, start) => {
          victim(project);
          const path = join(project.root, target);
          const before = inside(path);
          await apply(lines(project), start({ sandboxMode: "danger-full-access" }).context);
          assert.notEqual(inside(path), before, "the control must succeed");
        });
        await inProject(files, async (project, start) => {
          victim(project);
          const before = readPlace(project.root);
          const { context, runs } = start({});
          await assert.rejects(apply(lines(project), context), { name: "ToolFailure", message: rejected });
          assert.deepEqual([readPlace(project.root), runs], [before, []]);
        });
      });

      test(`${title}: is held back by the sandbox alone, where it is tried without a question`, async () => {
        await inProject(files, async (project, start) => {
          victim(project);
          const before = readPlace(project.root);
          const { context, asked, runs } = start({ approvalPolicy: "on-failure", answers: ["denied"] });
          await assert.rejects(apply(lines(project), context), { message: "patch rejected by user" });
          const { home: _, ...after } = readPlace(project.root);
          const { home: __, ...wanted } = before;
          assert.deepEqual(after, wanted);
          assert.deepEqual([asked.length, runs.length], [1, 1]);
          // Whoever is asked sees where it would really write.
          const [question] = asked;
          assert.ok(question?.kind === "patch");
          const shown = question.changes.flatMap((change) =>
            "moveTo" in change ? [change.path, change.moveTo] : [change.path],
          );
          assert.ok(shown.includes(join(project.root, target)), `${shown}`);
        });
      });

      test(`${title}: is done where a person allows it, and within what that person saw`, async () => {
        await inProject(files, async (project, start) => {
          victim(project);
          const path = join(project.root, target);
          const before = inside(path);
          const { context, runs } = start({ approvalPolicy: "on-request", answers: ["approved"] });
          assert.match((await apply(lines(project), context)).output, /^Exit code: 0\n/);
          assert.notEqual(inside(path), before);
          const mode = runsAs ?? "workspace-write";
          assert.deepEqual(
            runs.map(({ policy }) => policy.mode),
            [mode],
          );
        });
      });
    }
  });
}

describe("a path that is another by the time it is used", () => {
  const files: Files = { "sub/f": "old\n" };
  const lines = ["*** Update File: sub/f", "@@", "-old", "+new"];
  const swap = ({ work, outside }: Project) => {
    fs.writeFileSync(join(outside, "f"), "old\n");
    fs.rmSync(join(work, "sub"), { recursive: true });
    fs.symlinkSync(outside, join(work, "sub"));
  };
  const stolen = ({ outside }: Project) => fs.readFileSync(join(outside, "f"), "utf8") === "new\n";

  test("is written under full access: the control", async () => {
    await inProject(files, async (project, start) => {
      const { context } = start({ sandboxMode: "danger-full-access", beforeRun: () => swap(project) });
      await apply(lines, context);
      assert.equal(stolen(project), true);
    });
  });

  test("is not written where it is swapped between the check and the start", async () => {
    await inProject(files, async (project, start) => {
      const { context } = start({ beforeRun: () => swap(project) });
      await assert.rejects(apply(lines, context), {
        message: /^failed in sandbox: Failed to write file sub\/f\n/,
      });
      assert.equal(stolen(project), false);
    });
  });

  test("is not written where it is swapped while a person thinks", async () => {
    await inProject(files, async (project, start) => {
      const { context, asked, runs } = start({
        ...{ approvalPolicy: "untrusted", answers: ["approved"] },
        whileAsked: () => swap(project),
      });
      await assert.rejects(apply(lines, context), {
        message:
          "apply_patch verification failed: links on the way to its files were changed by somebody else meanwhile",
      });
      assert.deepEqual([stolen(project), asked.length, runs], [false, 1, []]);
    });
  });

  // The person has seen two files, one of them outside, so that the patch may leave the sandbox.
  const two = (project: Project) => [`*** Add File: ${project.outside}/deep/new`, "+x", ...lines];
  const withTwo = { approvalPolicy: "on-request", answers: ["approved"] } as const;

  test("is written beside one that a person allows: the control", async () => {
    await inProject(files, async (project, start) => {
      victim(project);
      assert.match((await apply(two(project), start(withTwo).context)).output, /^Exit code: 0\n/);
      assert.equal(fs.readFileSync(join(project.work, "sub/f"), "utf8"), "new\n");
    });
  });

  test("is not written where it is swapped after a person has allowed to leave the sandbox", async () => {
    await inProject(files, async (project, start) => {
      victim(project);
      const { context, runs } = start({ ...withTwo, beforeRun: () => swap(project) });
      const { output } = await apply(two(project), context);
      assert.match(output, /^Exit code: 1\n.*\nFailed to write file sub\/f\n/s);
      assert.deepEqual([stolen(project), runs.length], [false, 1]);
      assert.equal(fs.existsSync(join(project.outside, "deep/new")), false);
    });
  });

  test("is not written where its content was changed while a person thinks", async () => {
    await inProject(files, async ({ work }, start) => {
      const file = join(work, "sub/f");
      const { context, runs } = start({
        ...{ approvalPolicy: "untrusted", answers: ["approved"] },
        whileAsked: () => fs.writeFileSync(file, "old\nand what the person has not seen\n"),
      });
      await assert.rejects(apply(lines, context), {
        message: "apply_patch verification failed: sub/f was changed by somebody else meanwhile",
      });
      assert.equal(fs.readFileSync(file, "utf8"), "old\nand what the person has not seen\n");
      assert.deepEqual(runs, []);
    });
  });
});

describe("a program of the name apply_patch that lies in front of ours", () => {
  test("is run by commands that look it up: the control; and never for a patch", async () => {
    const evil = '#!/bin/sh\nread line; echo "$line" > stolen\n';
    await inProject({ apply_patch: evil }, async ({ work }, start) => {
      fs.chmodSync(join(work, "apply_patch"), 0o755);
      const { context } = start({ shellEnvironmentPolicy: { set: { PATH: `${work}:/usr/bin:/bin` } } });
      const { config, executor, policy, signal } = context;
      const place = { cwd: work, workspace: config.cwd, policy, signal };
      await executor.run({ ...place, command: ["apply_patch"], stdin: "a patch\n" });
      assert.equal(fs.readFileSync(join(work, "stolen"), "utf8"), "a patch\n");
      fs.rmSync(join(work, "stolen"));
      await apply(["*** Add File: f", "+x"], context);
      assert.deepEqual(readPlace(work), { apply_patch: evil, f: "x\n" });
    });
  });
});
