// The program apply_patch as it is installed: by its names, on stdin and in arguments, alone and inside the
// sandbox, where the commands of the agent find it by PATH.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import fs from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { patchOf } from "../agent/apply-patch/cases/case.ts";
import { inPlace, readPlace } from "../agent/apply-patch/place.ts";
import { launcher, runCodex } from "./codex-process.ts";

const patch = patchOf("*** Update File: f", "@@", "-a", "+A");
const success = { code: 0, signal: null, stdout: "Success. Updated the following files:\nM f\n", stderr: "" };
const usage = "Usage: apply_patch 'PATCH'\n       echo 'PATCH' | apply_patch\n";
const flag = "--codex-run-as-apply-patch";

describe("ways to give a patch", () => {
  const ways: readonly (readonly [title: string, argv0: string, args: readonly string[], input?: string])[] =
    [
      ["as the argument of apply_patch", "apply_patch", [patch]],
      ["as the argument of applypatch", "applypatch", [patch]],
      ["by a path to the program", "/some/where/apply_patch", [patch]],
      ["on stdin", "apply_patch", [], patch],
      ["on stdin with a here-document around it", "apply_patch", [], `<<'EOF'\n${patch}\nEOF\n`],
      ["to codex by its flag", "codex", [flag, patch]],
      ["to codex by its flag, with an argument too many", "codex", [flag, patch, "more"]],
    ];
  for (const [title, argv0, args, input = ""] of ways) {
    test(title, async () => {
      await inPlace({ f: "a\n" }, async (cwd) => {
        assert.deepEqual(await runCodex({ argv0, args, input, cwd }), success);
        assert.deepEqual(readPlace(cwd), { f: "A\n" });
      });
    });
  }
});

describe("calls that are refused", () => {
  const calls: readonly (readonly [
    title: string,
    argv0: string,
    args: readonly string[],
    input: string,
    code: number,
    stderr: string,
  ])[] = [
    ["no patch at all", "apply_patch", [], "", 2, usage],
    [
      "two arguments",
      "apply_patch",
      [patch, patch],
      "",
      2,
      "Error: apply_patch accepts exactly one argument.\n",
    ],
    [
      "the flag without a patch, whatever is on stdin",
      "codex",
      [flag],
      patch,
      1,
      `Error: ${flag} requires a UTF-8 PATCH argument.\n`,
    ],
    [
      "an empty argument",
      "apply_patch",
      [""],
      patch,
      1,
      "Invalid patch: The last line of the patch must be '*** End Patch'\n",
    ],
  ];
  for (const [title, argv0, args, input, code, stderr] of calls) {
    test(title, async () => {
      await inPlace({ f: "a\n" }, async (cwd) => {
        const result = await runCodex({ argv0, args, input, cwd });
        assert.deepEqual(result, { code, signal: null, stdout: "", stderr });
        assert.deepEqual(readPlace(cwd), { f: "a\n" });
      });
    });
  }

  const bytes: readonly (readonly [title: string, command: string, status: number, stderr: string])[] = [
    [
      "an argument that is no UTF-8",
      `./apply_patch "$(printf '\\377')"`,
      1,
      "Error: apply_patch requires a UTF-8 PATCH argument.\n",
    ],
    [
      "an argument that is UTF-8 and only looks otherwise",
      `./apply_patch "$(printf '\\357\\277\\275')"`,
      1,
      "Invalid patch: The first line of the patch must be '*** Begin Patch'\n",
    ],
    [
      "stdin that is no UTF-8",
      `printf '\\377' | ./apply_patch`,
      1,
      "Error: Failed to read PATCH from stdin.\nstream did not contain valid UTF-8\n",
    ],
    ["stdin that is closed", "./apply_patch <&-", 2, usage],
    [
      "stdin that is a directory",
      "./apply_patch < /",
      1,
      "Error: Failed to read PATCH from stdin.\nIs a directory (os error 21)\n",
    ],
  ];
  for (const [title, command, status, stderr] of bytes) {
    test(title, async () => {
      await inPlace({ apply_patch: { link: launcher } }, (cwd) => {
        const run = spawnSync("/bin/sh", ["-c", command], { cwd, encoding: "utf8" });
        assert.deepEqual({ status: run.status, stderr: run.stderr }, { status, stderr });
      });
    });
  }
});

test("nothing steers Node from the environment", async () => {
  await inPlace({ f: "a\n", "evil.cjs": "process.exit(42)" }, async (cwd) => {
    const environment = { NODE_OPTIONS: `--require=${join(cwd, "evil.cjs")}` };
    assert.deepEqual(await runCodex({ argv0: "apply_patch", args: [patch], cwd, environment }), success);
  });
});

describe("inside the sandbox", { skip: process.platform !== "linux" && "Linux only" }, () => {
  async function inSandbox(flags: readonly string[], script: string, files: Record<string, string>) {
    return inPlace({ home: null, ".git/config": "[core]\n", ...files }, async (cwd) => {
      const home = join(cwd, "home");
      const args = ["sandbox", "linux", ...flags, "--", "/bin/bash", "-c", script];
      const work = join(cwd, "work");
      fs.mkdirSync(work);
      fs.renameSync(join(cwd, ".git"), join(work, ".git"));
      for (const name of Object.keys(files)) fs.renameSync(join(cwd, name), join(work, name));
      // The folder for temporary files is writable there, and the test's folder may lie in it.
      // bash reads ~/.bashrc where its stdin is a socket, and speaks up where it cannot.
      const environment = { HOME: home, CODEX_HOME: home, TMPDIR: work };
      const config = "[sandbox_workspace_write]\nexclude_slash_tmp = true\nexclude_tmpdir_env_var = true\n";
      fs.writeFileSync(join(home, "config.toml"), config);
      const run = await runCodex({ args, cwd: work, environment });
      const after = Object.keys(files).map((name) => fs.readFileSync(join(work, name), "utf8"));
      return {
        ...run,
        after,
        config: fs.readFileSync(join(work, ".git/config"), "utf8"),
        escaped: fs.existsSync(join(cwd, "outside")),
      };
    });
  }
  const call = (text: string) => `apply_patch <<'EOF'\n${text}\nEOF\n`;

  test("it is found by PATH and updates a file of the workspace", async () => {
    const { code, stdout, after } = await inSandbox(["--full-auto"], call(patch), { f: "a\n" });
    assert.deepEqual({ code, stdout, after }, { code: 0, stdout: success.stdout, after: ["A\n"] });
  });

  const refusals: readonly (readonly [title: string, flags: readonly string[], text: string])[] = [
    [
      "a file outside the workspace",
      ["--full-auto"],
      patchOf("*** Update File: f", "@@", "-a", "+A", "*** Add File: ../outside", "+1"),
    ],
    [
      "a file of git's",
      ["--full-auto"],
      patchOf("*** Update File: f", "@@", "-a", "+A", "*** Update File: .git/config", "@@", "+evil"),
    ],
    ["a file in a read-only workspace", [], patch],
  ];
  for (const [title, flags, text] of refusals) {
    test(`${title} stays as it is, and so does the rest of the patch`, async () => {
      const { code, stderr, ...left } = await inSandbox(flags, call(text), { f: "a\n" });
      assert.equal(code, 1);
      assert.match(
        stderr,
        /^Failed to write file (\.\.\/outside|\.git\/config|f)\n.*\(os error (1|13|30)\)\n$/,
      );
      const { after, config, escaped, stdout } = left;
      assert.deepEqual(
        { after, config, escaped, stdout },
        { after: ["a\n"], config: "[core]\n", escaped: false, stdout: "" },
      );
    });
  }
});
