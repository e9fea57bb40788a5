// apply_patch as the model calls it: what it is offered, what it reads, and what a listener hears.

import assert from "node:assert/strict";
import fs from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { applyPatchTool } from "../../../../agent/tools/apply-patch/apply-patch-tool.ts";
import { patchInterceptor } from "../../../../agent/tools/apply-patch/intercept.ts";
import type { ToolContext } from "../../../../agent/tools/tool.ts";
import { patchOf } from "../../apply-patch/cases/case.ts";
import { readPlace } from "../../apply-patch/place.ts";
import { inProject } from "./project.ts";

const freeform = applyPatchTool("freeform", "text");

function apply(input: string, context: ToolContext) {
  return freeform.run({ callId: "call", kind: "custom", name: "apply_patch", input }, context);
}

const intercept = (command: readonly string[], cwd: string, context: ToolContext) =>
  patchInterceptor("text")(
    command,
    cwd,
    { callId: "c", kind: "function", name: "shell", input: "" },
    context,
  );

const said = (...files: readonly string[]) =>
  ["Success. Updated the following files:", ...files, ""].join("\n");

describe("apply_patch", () => {
  test("is offered as a custom tool with a grammar, or as a function with one argument", () => {
    const { format, ...rest } = freeform.schema as { format: { definition: string } };
    const { description: _, ...shape } = rest as { description?: string };
    assert.deepEqual(shape, { type: "custom", name: "apply_patch" });
    assert.deepEqual({ ...format, definition: "" }, { type: "grammar", syntax: "lark", definition: "" });
    assert.match(format.definition, /^start: .*%import common\.LF\n$/s);
    const schema = applyPatchTool("function", "json").schema as {
      parameters: { properties: { input: object } };
    };
    assert.deepEqual(
      {
        ...schema,
        description: "",
        parameters: { ...schema.parameters, properties: Object.keys(schema.parameters.properties) },
      },
      {
        type: "function",
        name: "apply_patch",
        description: "",
        strict: false,
        parameters: {
          type: "object",
          properties: ["input"],
          required: ["input"],
          additionalProperties: false,
        },
      },
    );
  });

  test("adds, updates, moves and deletes, and tells the model, the listener and the diff of the turn", async () => {
    await inProject(
      { "a.txt": "one\ntwo\n", "b.txt": "b\n", "old.txt": "old\n" },
      async ({ work }, start) => {
        const { context, reports, asked, changing } = start({});
        const patch = patchOf(
          ...["*** Add File: new/file.txt", "+hello"],
          ...["*** Update File: a.txt", "@@", "-one", "+1"],
          ...["*** Update File: b.txt", "*** Move to: c.txt", "@@", "-b", "+c"],
          "*** Delete File: old.txt",
        );
        const { output } = await apply(patch, context);
        assert.match(output, /^Exit code: 0\nWall time: [\d.]+ seconds\nOutput:\n/);
        const files = said("A new/file.txt", "M a.txt", "M c.txt", "D old.txt");
        assert.equal(output.split("Output:\n")[1], files);
        assert.deepEqual(readPlace(work), { "a.txt": "1\ntwo\n", "c.txt": "c\n", "new/file.txt": "hello\n" });
        const changes = [
          { kind: "add", path: join(work, "new/file.txt"), content: "hello\n" },
          { kind: "update", path: join(work, "a.txt"), unifiedDiff: "@@ -1,2 +1,2 @@\n-one\n+1\n two\n" },
          {
            kind: "update",
            path: join(work, "b.txt"),
            moveTo: join(work, "c.txt"),
            unifiedDiff: "@@ -1 +1 @@\n-b\n+c\n",
          },
          { kind: "delete", path: join(work, "old.txt"), content: "old\n" },
        ];
        const [[, started], [, completed]] = reports as unknown as [
          [string, object],
          [string, { durationMs: number }],
        ];
        assert.equal(reports.length, 2);
        assert.deepEqual(started, { type: "file_change", callId: "call", changes, status: "in_progress" });
        assert.ok(completed.durationMs > 0);
        assert.deepEqual(
          { ...completed, durationMs: 0 },
          {
            ...{ type: "file_change", callId: "call", changes, status: "completed" },
            ...{ output: files, exitCode: 0, durationMs: 0, wasAsked: false },
          },
        );
        assert.deepEqual(asked, []);
        const names = ["a.txt", "b.txt", "c.txt", "new/file.txt", "old.txt"];
        assert.deepEqual(
          changing.toSorted(),
          names.map((name) => join(work, name)),
        );
      },
    );
  });

  test("answers as JSON the models that read JSON, and takes a call of either kind", async () => {
    await inProject({}, async ({ work }, start) => {
      const { context } = start({});
      const patch = patchOf("*** Add File: f", "+x");
      const tool = applyPatchTool("function", "json");
      const call = { callId: "c", name: "apply_patch" };
      const input = JSON.stringify({ input: patch });
      const { output } = await tool.run({ ...call, kind: "function", input }, context);
      assert.match(
        output,
        /^\{"output":"Success. Updated the following files:\\nA f\\n","metadata":\{"exit_code":0,"duration_seconds":\d+\.\d\}\}$/,
      );
      assert.equal(JSON.parse(output).metadata.exit_code, 0);
      const again = await tool.run({ ...call, kind: "custom", input: patch }, context);
      assert.equal(JSON.parse(again.output).output, said("A f"));
      await assert.rejects(tool.run({ ...call, kind: "function", input: "{}" }, context), {
        name: "ToolFailure",
        message: "failed to parse function arguments: missing field `input`",
      });
      assert.deepEqual(readPlace(work), { f: "x\n" });
    });
  });

  const none = "No such file or directory (os error 2)";
  const refusals: readonly (readonly [input: string, message: (work: string) => string])[] = [
    [
      "garbage",
      () =>
        "apply_patch verification failed: invalid patch: The first line of the patch must be '*** Begin Patch'",
    ],
    [
      "",
      () =>
        "apply_patch verification failed: invalid patch: The last line of the patch must be '*** End Patch'",
    ],
    [patchOf(), () => "patch rejected: empty patch"],
    [
      patchOf("*** Update File: f", "@@", "-zzz", "+1"),
      (work) => `apply_patch verification failed: Failed to find expected lines in ${work}/f:\nzzz`,
    ],
    [
      patchOf("*** Update File: none", "@@", "-zzz", "+1"),
      (work) => `apply_patch verification failed: Failed to read file to update ${work}/none: ${none}`,
    ],
    [
      patchOf("*** Delete File: none"),
      (work) => `apply_patch verification failed: Failed to read ${work}/none: ${none}`,
    ],
    [
      patchOf("*** Add File: g", "+g", "*** Update File: f", "@@", "-zzz", "+1"),
      (work) => `apply_patch verification failed: Failed to find expected lines in ${work}/f:\nzzz`,
    ],
    [
      patchOf("*** Frob: x"),
      () =>
        "apply_patch verification failed: invalid hunk at line 2, '*** Frob: x' is not a valid hunk header. " +
        "Valid hunk headers: '*** Add File: {path}', '*** Delete File: {path}', '*** Update File: {path}'",
    ],
  ];
  for (const [input, message] of refusals) {
    test(`answers ${JSON.stringify(input)} with what is wrong before anybody is asked or anything is run`, async () => {
      await inProject({ f: "a\n" }, async ({ work }, start) => {
        const { context, reports, asked, runs } = start({
          approvalPolicy: "untrusted",
          answers: ["approved"],
        });
        await assert.rejects(apply(input, context), { message: message(work) });
        assert.deepEqual(
          { reports, asked, runs, after: readPlace(work) },
          { reports: [], asked: [], runs: [], after: { f: "a\n" } },
        );
      });
    });
  }

  test("takes a patch that is larger than an argument may be, and cuts what the model reads of it", async () => {
    await inProject({}, async ({ work }, start) => {
      const { context } = start({});
      const files = Array.from({ length: 400 }, (_, index) => [
        `*** Add File: ${index}`,
        `+${"x".repeat(1000)}`,
      ]);
      const patch = patchOf(...files.flat());
      assert.ok(patch.length > 128 * 1024);
      const { output } = await apply(patch, context);
      assert.match(output, /^Exit code: 0\nWall time: [\d.]+ seconds\nTotal output lines: 401\nOutput:\n/);
      assert.match(output, /\n\[\.\.\. omitted 145 of 401 lines \.\.\.\]\n/);
      assert.equal(fs.readdirSync(work).length, 400);
    });
  });

  test("is found whatever PATH commands get, and runs without a login shell", async () => {
    await inProject({}, async ({ work }, start) => {
      const { context } = start({
        shellEnvironmentPolicy: { inherit: "none", set: { PATH: "/none" }, useProfile: true },
      });
      assert.match((await apply(patchOf("*** Add File: f", "+x"), context)).output, /^Exit code: 0\n/);
      assert.deepEqual(readPlace(work), { f: "x\n" });
    });
  });

  test("ends its item, and changes nothing, where the turn is interrupted before it runs", async () => {
    await inProject({}, async ({ work }, start) => {
      const controller = new AbortController();
      const { context, reports } = start({ signal: controller.signal });
      const onFilesChanging = async () => controller.abort();
      await assert.rejects(apply(patchOf("*** Add File: f", "+x"), { ...context, onFilesChanging }), {
        name: "AbortError",
      });
      assert.deepEqual(
        reports.map(([what, item]) => [what, typeof item === "object" && "status" in item && item.status]),
        [
          ["start", "in_progress"],
          ["complete", "failed"],
        ],
      );
      assert.deepEqual(readPlace(work), {});
    });
  });

  test("says that a person has declined, and leaves everything as it was", async () => {
    await inProject({}, async ({ work }, start) => {
      const { context, reports, asked } = start({ approvalPolicy: "untrusted", answers: ["denied"] });
      await assert.rejects(apply(patchOf("*** Add File: f", "+x"), context), {
        name: "ToolFailure",
        message: "patch rejected by user",
      });
      const changes = [{ kind: "add", path: join(work, "f"), content: "x\n" }];
      assert.deepEqual(asked, [{ kind: "patch", callId: "call", changes }]);
      assert.deepEqual(reports, [
        ["report", { type: "file_change", callId: "call", changes, status: "declined" }],
      ]);
      assert.deepEqual(readPlace(work), {});
    });
  });
});

describe("apply_patch where nothing may be written", () => {
  const lines = ["*** Add File: new/f", "+x"];

  test("is rejected where nobody is asked", async () => {
    await inProject({}, async ({ work }, start) => {
      const { context } = start({ sandboxMode: "read-only" });
      await assert.rejects(apply(patchOf(...lines), context), {
        name: "ToolFailure",
        message: "patch rejected: writing outside of the project; rejected by user approval settings",
      });
      assert.deepEqual(readPlace(work), {});
    });
  });

  test("writes what a person allows, and could write nothing beside it", async () => {
    await inProject({}, async ({ work }, start) => {
      const { context, runs } = start({
        ...{ sandboxMode: "read-only", approvalPolicy: "on-request", answers: ["approved"] },
      });
      assert.match((await apply(patchOf(...lines), context)).output, /^Exit code: 0\n/);
      assert.deepEqual(readPlace(work), { "new/f": "x\n" });
      const [{ policy, workspace } = assert.fail()] = runs;
      assert.deepEqual(
        { policy, workspace },
        {
          policy: {
            ...{ mode: "workspace-write", writable_roots: [work], network_access: false },
            ...{ exclude_tmpdir_env_var: true, exclude_slash_tmp: true },
          },
          workspace: work,
        },
      );
    });
  });
});

describe("a command that is a patch", () => {
  const patch = patchOf("*** Add File: f", "+x");
  const commands: readonly (readonly [title: string, command: readonly string[], file: string])[] = [
    ["as two words", ["apply_patch", patch], "f"],
    ["by its other name", ["applypatch", patch], "f"],
    ["in a here-document", ["bash", "-lc", `apply_patch <<'EOF'\n${patch}\nEOF\n`], "f"],
    ["in a folder", ["sh", "-c", `cd sub && apply_patch <<'EOF'\n${patch}\nEOF\n`], "sub/f"],
  ];
  for (const [title, command, file] of commands) {
    test(`is applied as one: ${title}`, async () => {
      await inProject({ sub: null }, async ({ work }, start) => {
        const { context, reports, runs } = start({});
        const result = await intercept(command, work, context);
        assert.match(result?.output ?? "", /^Exit code: 0\nWall time: [\d.]+ seconds\nOutput:\nSuccess\./);
        assert.equal(fs.readFileSync(join(work, file), "utf8"), "x\n");
        assert.deepEqual(
          runs.map(({ command }) => command),
          [["apply_patch"]],
        );
        assert.deepEqual(
          reports.map(([what]) => what),
          ["start", "complete"],
        );
      });
    });
  }

  const others: readonly (readonly string[])[] = [
    ["ls"],
    ["bash", "-lc", `apply_patch <<'EOF'\n${patch}\nEOF\nrm -rf ~`],
    ["bash", "-lc", `rm -rf ~; apply_patch <<'EOF'\n${patch}\nEOF`],
    ["./apply_patch", patch],
  ];
  for (const command of others) {
    test(`is not ${JSON.stringify(command).slice(0, 60)}…, which is left to be run as what it is`, async () => {
      await inProject({}, async ({ work }, start) => {
        const { context, runs } = start({});
        assert.equal(await intercept(command, work, context), undefined);
        assert.deepEqual([runs, readPlace(work)], [[], {}]);
      });
    });
  }

  const wrong: readonly (readonly [command: readonly string[], message: string])[] = [
    [
      ["apply_patch", "garbage"],
      "apply_patch verification failed: invalid patch: The first line of the patch must be '*** Begin Patch'",
    ],
    [
      [patch],
      'apply_patch verification failed: patch detected without explicit call to apply_patch. Rerun as ["apply_patch", "<patch>"]',
    ],
    [["apply_patch", patchOf()], "patch rejected: empty patch"],
  ];
  for (const [command, message] of wrong) {
    test(`is refused in words that help: ${message.slice(0, 60)}…`, async () => {
      await inProject({}, async ({ work }, start) => {
        const { context } = start({});
        const attempt = intercept(command, work, context);
        await assert.rejects(attempt, { message });
        assert.deepEqual(readPlace(work), {});
      });
    });
  }
});
