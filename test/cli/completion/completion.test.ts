// The completion scripts, in the shells that they are for: what is offered at every kind of place.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import fs from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { makeFolder, runCodex } from "../codex-process.ts";
import { type Place, shells, skipWithout } from "./shells.ts";

interface Case {
  readonly line: string;
  /** all that is offered, or what must be among it and what must not */
  readonly offers:
    | readonly string[]
    | { readonly among: readonly string[]; readonly none: readonly string[] };
}

const sandboxModes = ["danger-full-access", "read-only", "workspace-write"];
const cases: readonly Case[] = [
  { line: "codex comp", offers: ["completion"] },
  {
    line: "codex ",
    offers: { among: ["e", "exec", "features", "help"], none: ["responses-api-proxy", "--model"] },
  },
  { line: "codex --mod", offers: ["--model"] },
  { line: "codex exec --jso", offers: ["--json"] },
  { line: "codex e --jso", offers: ["--json"] },
  {
    line: "codex -",
    offers: { among: ["--yolo", "-C", "-c", "--version", "--help"], none: ["--json", "exec"] },
  },
  { line: "codex exec -s ", offers: sandboxModes },
  { line: "codex exec --sandbox wor", offers: ["workspace-write"] },
  { line: "codex -s read-only --ask-for-approval on-", offers: ["on-failure", "on-request"] },
  { line: "codex --enable uni", offers: ["unified_exec"] },
  { line: "codex features --disable unif", offers: ["unified_exec"] },
  // A value that is called as a subcommand is none.
  { line: "codex -m exec --ask", offers: ["--ask-for-approval"] },
  { line: "codex -m exec exec --jso", offers: ["--json"] },
  { line: "codex -m ", offers: [] },
  { line: "codex -c key=value -c mo", offers: [] },
  { line: "codex features li", offers: ["list"] },
  { line: "codex -c a=b features li", offers: ["list"] },
  { line: "codex completion ", offers: ["bash", "elvish", "fish", "powershell", "zsh"].toSorted() },
  { line: "codex completion zsh ", offers: [] },
  { line: "codex help feat", offers: ["features"] },
  { line: "codex help features li", offers: ["list"] },
  { line: "codex -- comp", offers: [] },
  { line: "codex hello comp", offers: [] },
  { line: "codex -i some.png some.p", offers: ["some.png"] },
  { line: "codex -i some.png --os", offers: ["--oss"] },
];

let place: Place;
before(() => {
  const folder = makeFolder();
  place = { cwd: join(folder, "work"), scratch: join(folder, "scratch"), script: "" };
  fs.mkdirSync(place.scratch);
  fs.mkdirSync(join(place.cwd, "some folder"), { recursive: true });
  fs.writeFileSync(join(place.cwd, "some.png"), "");
});
after(() => fs.rmSync(join(place.cwd, ".."), { recursive: true }));

async function writeScript(shell: string): Promise<Place> {
  const { code, stdout, stderr } = await runCodex({ args: ["completion", shell] });
  assert.deepEqual({ code, stderr }, { code: 0, stderr: "" });
  const script = join(place.scratch, `codex.${shell}`);
  fs.writeFileSync(script, stdout);
  return { ...place, script };
}

for (const shell of shells) {
  describe(`${shell.name} completes`, { skip: skipWithout(shell.name) }, () => {
    test("names, values, features and files where they belong, and nothing elsewhere", async () => {
      const offered = shell.complete(
        await writeScript(shell.name),
        cases.map(({ line }) => line),
      );
      const seen: unknown[] = [];
      const wanted: unknown[] = [];
      for (const [index, { line, offers }] of cases.entries()) {
        const got = offered[index] ?? [];
        if ("among" in offers) {
          seen.push([
            line,
            offers.among.filter((one) => !got.includes(one)),
            offers.none.filter((one) => got.includes(one)),
          ]);
          wanted.push([line, [], []]);
        } else {
          seen.push([line, got]);
          wanted.push([line, offers.toSorted()]);
        }
      }
      assert.deepEqual(seen, wanted);
    });

    test("folders for --cd, whatever their names", async () => {
      const [offered = []] = shell.complete(await writeScript(shell.name), ["codex -C so"]);
      const names = offered.map((name) => name.replace(/\\ /g, " ").replace(/\/$/, ""));
      assert.ok(names.includes("some folder"), String(offered));
      assert.equal(
        names.includes("some.png"),
        shell.name === "elvish",
        "which has no way to ask for folders alone",
      );
    });

    test("values behind an equals sign", async () => {
      const [offered] = shell.complete(await writeScript(shell.name), ["codex exec --sandbox=work"]);
      // Readline completes what stands behind the sign.
      const before = shell.name === "bash" ? "" : "--sandbox=";
      assert.deepEqual(offered, [`${before}workspace-write`]);
    });
  });
}

test("bash completes at the prompt of a terminal", { skip: skipWithout("expect") }, async () => {
  const { script } = await writeScript("bash");
  const steps = `
    set timeout 20
    spawn -noecho bash --norc
    send "PS1='at prompt: '; source '${script}'; codex() { echo called with \\"\\$@\\"; }\\r"
    expect -re {\\nat prompt: $}
    send "codex comp\\tzs\\t\\r"
    expect { "called with completion zsh" {} timeout {} }
    exit`;
  const { stdout } = spawnSync("expect", ["-c", steps], {
    encoding: "utf8",
    timeout: 60_000,
    env: { PATH: process.env.PATH, TERM: "dumb", HOME: place.scratch },
  });
  assert.match(stdout, /^called with completion zsh\r?$/m);
});

test("the script for PowerShell tells apart options that differ by case, and quotes what it says", async () => {
  const { code, stdout } = await runCodex({ args: ["completion", "powershell"] });
  assert.equal(code, 0);
  assert.match(stdout, /^Register-ArgumentCompleter -Native -CommandName 'codex'/m);
  assert.match(stdout, /\[System\.StringComparer\]::Ordinal/);
  assert.match(
    stdout,
    /^ {4}\$values\['codex -s'\] = @\('read-only', 'workspace-write', 'danger-full-access'\)$/m,
  );
  assert.match(stdout, /^ {4}\$values\['codex -C'\] = 'file'$/m);
  for (const line of stdout.split("\n").filter((text) => /^ {4}\$\w+\[/.test(text))) {
    assert.equal((line.match(/'/g) ?? []).length % 2, 0, line);
  }
});

test("a shell that there is no script for is a usage error", async () => {
  assert.deepEqual(await runCodex({ args: ["completion", "bogus"] }), {
    code: 2,
    signal: null,
    stdout: "",
    stderr:
      "error: invalid value 'bogus' for '[SHELL]'\n  [possible values: bash, elvish, fish, powershell, zsh]\n\n" +
      "For more information, try '--help'.\n",
  });
});
