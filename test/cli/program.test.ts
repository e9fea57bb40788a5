// The program around its subcommands: what it answers by itself, what it refuses, and how it ends where
// its surroundings fail it.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import fs from "node:fs";
import { userInfo } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { asOtherUser, skipWithoutOtherUser } from "../proxy-process.ts";
import { launcher, makeFolder, packageRoot, runCodex } from "./codex-process.ts";

const place = makeFolder();
after(() => fs.rmSync(place, { recursive: true, force: true }));
const { version } = JSON.parse(fs.readFileSync(join(packageRoot, "package.json"), "utf8")) as {
  readonly version: string;
};

/** A shell with the launcher as $0, under the name codex. */
function inShell(script: string): { code: number | null; stdout: string; stderr: string } {
  const { status, stdout, stderr } = spawnSync("/bin/bash", ["-c", script, launcher], {
    cwd: place,
    env: { PATH: "/usr/local/bin:/usr/bin:/bin", HOME: place },
    encoding: "utf8",
  });
  return { code: status, stdout, stderr };
}

describe("codex", () => {
  test("tells the matched release and its own version", async () => {
    const said = `0.50.0 (codex-responses-api-proxy ${version})\n`;
    for (const [args, stdout] of [
      [["--version"], `codex-cli ${said}`],
      [["-V"], `codex-cli ${said}`],
      [["exec", "--version"], `codex-cli-exec ${said}`],
    ] as const) {
      assert.deepEqual(await runCodex({ args }), { code: 0, signal: null, stdout, stderr: "" });
    }
  });

  test("is called codex in its help, whatever the file is called", async () => {
    const named = await runCodex({ args: ["--help"], argv0: "/opt/cx" });
    assert.deepEqual([named.code, named.stderr], [0, ""]);
    assert.match(
      named.stdout,
      /^Usage: codex \[OPTIONS\] \[PROMPT\]\n {7}codex \[OPTIONS\] <COMMAND> \[ARGS\]$/m,
    );
    assert.ok(!named.stdout.includes("cx"));
  });

  test("refuses a wrong argument with status 2 and its usage", async () => {
    assert.deepEqual(await runCodex({ args: ["features", "lst"] }), {
      code: 2,
      signal: null,
      stdout: "",
      stderr:
        "error: unrecognized subcommand 'lst'\n\n  tip: a similar subcommand exists: 'list'\n\n" +
        "Usage: codex features [OPTIONS] <COMMAND>\n\nFor more information, try '--help'.\n",
    });
  });

  test("refuses arguments that are no UTF-8, which would be another file or prompt, and takes U+FFFD itself", () => {
    fs.writeFileSync(join(place, "kept\ufffd"), "");
    const refusal = {
      code: 2,
      stdout: "",
      stderr:
        "error: invalid UTF-8 was detected in one or more arguments\n\n" +
        "Usage: codex [OPTIONS] [PROMPT]\n       codex [OPTIONS] <COMMAND> [ARGS]\n\n" +
        "For more information, try '--help'.\n",
    };
    for (const args of ["exec", "sandbox linux --full-auto -- rm", "features list"]) {
      assert.deepEqual(inShell(`exec -a codex "$0" ${args} $'kept\\xff'`), refusal);
    }
    assert.ok(fs.existsSync(join(place, "kept\ufffd")));
    const { stderr } = inShell(`exec -a codex "$0" $'kept\\xef\\xbf\\xbd'`);
    assert.match(stderr, /^Error: the terminal interface/);
  });

  test("says of each subcommand that only the original has that it is not there, whatever follows", async () => {
    const calls: readonly (readonly [args: readonly string[], name: string])[] = [
      [["mcp", "list"], "mcp"],
      [["-c", "model=o3", "mcp", "add", "x", "--", "y"], "mcp"],
      [["mcp-server"], "mcp-server"],
      [["app-server"], "app-server"],
      [["resume", "--last"], "resume"],
      [["cloud"], "cloud"],
      [["help", "resume"], "resume"],
    ];
    for (const [args, name] of calls) {
      assert.deepEqual(await runCodex({ args }), {
        code: 1,
        signal: null,
        stdout: "",
        stderr:
          `Error: \`codex ${name}\` is not part of this version\n` +
          `hint: the original has it and reads the same files: npx -y @openai/codex@0.50.0 ${name}\n`,
      });
    }
  });

  test("keeps silent in help and completion about subcommands that are not there", async () => {
    const [help, completion] = await Promise.all([
      runCodex({ args: ["--help"] }),
      runCodex({ args: ["completion", "bash"] }),
    ]);
    assert.doesNotMatch(help.stdout, /^ {2}(mcp|cloud|resume)/m);
    assert.deepEqual([completion.code, completion.stdout.includes("cloud")], [0, false]);
  });

  test("takes the name of such a subcommand behind two dashes for a prompt", async () => {
    const { stderr } = await runCodex({ args: ["--", "resume"] });
    assert.match(stderr, /^Error: the terminal interface is not part of this version\n/);
  });

  test("says in one line that its working directory is gone, and works where it needs none", () => {
    const gone = (args: string) =>
      inShell(`mkdir gone && cd gone && rmdir ../gone && exec -a codex "$0" ${args}`);
    const message =
      "Error: No such file or directory (os error 2)\n" +
      "hint: the working directory was removed, or may not be entered: cd to another one\n";
    for (const args of ["features list", "config show", "doctor", "sandbox -- true"]) {
      assert.deepEqual(gone(args), { code: 1, stdout: "", stderr: message });
    }
    assert.equal(gone("--help").code, 0);
    assert.equal(gone("completion fish").code, 0);
  });

  test("ends with 1 and the reason where stdout cannot be written", () => {
    const expected = {
      code: 1,
      stdout: "",
      stderr: "Error: cannot write to stdout: No space left on device (os error 28)\n",
    };
    for (const args of ["--version", "--help", "features list", "completion zsh"]) {
      assert.deepEqual(inShell(`exec -a codex "$0" ${args} > /dev/full`), expected);
    }
  });

  test("ends without a word where the reader of stdout has gone", () => {
    const { stdout, stderr } = inShell('((exec -a codex "$0" completion bash); echo $? >&2) | true');
    assert.deepEqual([stdout, stderr], ["", "0\n"]);
  });

  test("takes an empty HOME for none, and looks the user's up", () => {
    const { stdout } = inShell('HOME= exec -a codex "$0" config path');
    assert.equal(stdout, `${join(userInfo().homedir, ".codex/config.toml")}\n`);
  });

  test("says which variables it wants where the user has no home", { skip: skipWithoutOtherUser }, () => {
    const run = inShell(
      `unset HOME; exec ${asOtherUser.join(" ")} bash -c 'exec -a codex "$0" features list' "$0"`,
    );
    assert.deepEqual(run, {
      code: 1,
      stdout: "",
      stderr: "Error: Could not find home directory\nhint: set HOME, or CODEX_HOME to a folder that exists\n",
    });
  });
});
