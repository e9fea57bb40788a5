// The man page says what the program does: every option and exit status, in macros that man(1) takes.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import fs from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { Command } from "commander";
import { exitStatus } from "../../docs/exit-status.ts";
import { makeManPage } from "../../docs/man-page.ts";
import { makeCommand } from "../../proxy/options.ts";
import { version } from "../../proxy/version.ts";
import { packageRoot } from "../proxy-process.ts";

const file = join(packageRoot, "dist/man/codex-responses-api-proxy.1");
// The option table loads the addon, which clears the environment.
const env = { PATH: "/usr/local/bin:/usr/bin:/bin", GROFF_NO_SGR: "1" };
const hasGroff = spawnSync("groff", ["--version"], { env }).status === 0;

/** The page as text, without overstrikes. */
function rendered(page: string): { text: string; warnings: string } {
  const { stdout, stderr } = spawnSync("groff", ["-man", "-Tascii", "-P-c", "-ww"], {
    input: page,
    encoding: "utf8",
    env,
  });
  return { text: stdout.replaceAll(/.[\b]/g, ""), warnings: stderr };
}

test("it names every option that the help names", () => {
  const page = fs.readFileSync(file, "utf8").replaceAll("\\-", "-");
  const command = makeCommand(version);
  const missing = command
    .createHelp()
    .visibleOptions(command)
    .map((option) => option.long as string)
    .filter((long) => !page.includes(`${long} `) && !page.includes(`${long}\\fR`));
  assert.deepEqual(missing, []);
});

test("it names every exit status with which a start can fail, and no other", () => {
  const sources = ["hardening/errors.ts", "proxy/errors.ts"].map((name) =>
    fs.readFileSync(join(packageRoot, name), "utf8"),
  );
  const launcher = fs.readFileSync(join(packageRoot, "native/launcher/launcher.h"), "utf8");
  const used = new Set([
    "0",
    ...sources.flatMap((source) =>
      [...source.matchAll(/_[A-Z]+: \[\s*(\d{1,2}),/g)].map((m) => m[1] as string),
    ),
    "6", // of the addon on macOS, native/addon/constructor.c
    ...[...launcher.matchAll(/EXIT_[A-Z_]+ = (\d+)/g)].map((m) => m[1] as string),
  ]);
  assert.deepEqual(
    exitStatus.map(([status]) => status),
    [...used].sort((a, b) => Number(a) - Number(b)),
  );
});

test("groff takes it without a warning", { skip: !hasGroff && "groff is not installed" }, () => {
  assert.equal(rendered(fs.readFileSync(file, "utf8")).warnings, "");
});

test("text that looks like a request or an escape is shown as it is", {
  skip: !hasGroff && "groff is not installed",
}, () => {
  const hostile = new Command("tool")
    .description(".so /etc/passwd\n'br")
    .option("--a-b <X>", "\\fB.nf \\ end");
  const { text, warnings } = rendered(
    makeManPage(hostile, [], { version: "1", exitStatus: [], sections: [] }),
  );
  assert.equal(warnings, "");
  for (const shown of [".so /etc/passwd", "'br", "--a-b X", "\\fB.nf \\ end"]) {
    assert.ok(text.includes(shown), `${shown} in\n${text}`);
  }
});
