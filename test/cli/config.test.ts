// `codex config`, the whole program.

import assert from "node:assert/strict";
import fs from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { makeFolder, runCodex } from "./codex-process.ts";

let home: string;
before(() => {
  home = makeFolder();
});
after(() => fs.rmSync(home, { recursive: true, force: true }));

test("config path prints where the file is or would be, even if it is broken", async () => {
  fs.writeFileSync(join(home, "config.toml"), "model = \n");
  assert.deepEqual(await runCodex({ args: ["config", "path"], environment: { CODEX_HOME: home } }), {
    code: 0,
    signal: null,
    stdout: `${fs.realpathSync(home)}/config.toml\n`,
    stderr: "",
  });
  const { stdout } = await runCodex({ args: ["config", "path"], environment: { HOME: "/nonexistent" } });
  assert.equal(stdout, "/nonexistent/.codex/config.toml\n");
});

test("config show prints what is in force, with origins and as JSON, and warns on stderr", async () => {
  fs.writeFileSync(join(home, "config.toml"), 'modle = "x"\nmodel = "a"\n[profiles.p]\nmodel = "b"\n');
  const file = `${fs.realpathSync(home)}/config.toml`;
  const show = (...args: readonly string[]) =>
    runCodex({ args: ["config", "show", ...args], environment: { CODEX_HOME: home } });
  const told = await show("--origins", "-p", "p", "-c", "review_model=r");
  assert.deepEqual(
    [told.code, told.stderr, told.stdout.split("\n").filter((line) => /^(review_)?model =/.test(line))],
    [
      0,
      `warning: unknown key \`modle\` in ${file}:1; did you mean \`model\`?\n`,
      [`model = "b"  # profile p, ${file}:4`, 'review_model = "r"  # -c review_model=r'],
    ],
  );
  const listed = JSON.parse((await show("--origins", "--json")).stdout) as readonly {
    key: readonly string[];
  }[];
  assert.deepEqual(
    listed.find(({ key }) => key[0] === "model"),
    { key: ["model"], value: "a", origin: { kind: "file", file, line: 2 } },
  );
  assert.equal(JSON.parse((await show("--json", "-m", "flag")).stdout).model, "flag");
});

test("config show takes options in front of it as well, and those behind it win", async () => {
  fs.writeFileSync(join(home, "config.toml"), '[profiles.p]\nmodel = "b"\nmodel_verbosity = "low"\n');
  const args = ["-p", "p", "-m", "before", "config", "show", "--json", "-m", "behind"];
  const { stdout } = await runCodex({ args, environment: { CODEX_HOME: home } });
  const { model, model_verbosity } = JSON.parse(stdout) as Record<string, unknown>;
  assert.deepEqual({ model, model_verbosity }, { model: "behind", model_verbosity: "low" });
});

test("config show ends with 1 and the place of a mistake, without a stack trace", async () => {
  fs.writeFileSync(join(home, "config.toml"), 'model = 3\nsandbox_mode = "x"\n');
  const file = `${fs.realpathSync(home)}/config.toml`;
  const run = await runCodex({ args: ["config", "show"], environment: { CODEX_HOME: home } });
  assert.deepEqual(
    [run.code, run.stdout, run.stderr.split("\n")],
    [
      1,
      "",
      [
        "Error: invalid type: integer `3`, expected a string",
        "in `model`",
        `  --> ${file}:1:9`,
        "  |",
        "1 | model = 3",
        "  |         ^",
        "",
        "unknown variant `x`, expected one of `read-only`, `workspace-write`, `danger-full-access`",
        "in `sandbox_mode`",
        `  --> ${file}:2:16`,
        "  |",
        '2 | sandbox_mode = "x"',
        "  |                ^",
        "",
      ],
    ],
  );
});

test("--strict-config makes an unknown key an error", async () => {
  fs.writeFileSync(join(home, "config.toml"), 'modle = "x"\n');
  const args = ["config", "show", "--strict-config"];
  const run = await runCodex({ args, environment: { CODEX_HOME: home } });
  assert.deepEqual([run.code, run.stderr.split("\n")[0]], [1, "Error: unknown configuration field `modle`"]);
});
