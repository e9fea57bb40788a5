// Which command a call means, on both sides of the exec, and what is refused before any of them runs.

import assert from "node:assert/strict";
import fs from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { commandList } from "../../proxy/command-list.ts";
import { launcher, packageRoot, runProxy, testKey } from "../proxy-process.ts";

let folder: string;
before(() => {
  folder = fs.mkdtempSync(join(tmpdir(), "codex-commands-"));
});
after(() => fs.rmSync(folder, { recursive: true }));

test("the launcher and the help know the same commands", async () => {
  const source = fs.readFileSync(join(packageRoot, "native/launcher/dispatch.c"), "utf8");
  const table = /struct command commands\[\] = \{\n([\s\S]*?)\n\};/.exec(source)?.[1] ?? "";
  const names = [...table.matchAll(/\{"([a-z]+)",/g)].map((match) => match[1]);
  assert.deepEqual(names.toSorted(), Object.keys(commandList).toSorted());
  const { stdout } = await runProxy({ args: ["--help"] });
  for (const [name, line] of Object.entries(commandList)) {
    assert.match(stdout, new RegExp(`^ {2}${name} +${line.slice(0, 20)}`, "m"));
  }
});

test("each command has a help of its own, by both names of the program", async () => {
  const codex = join(folder, "codex");
  fs.symlinkSync(launcher, codex);
  for (const name of Object.keys(commandList)) {
    const own = await runProxy({ args: [name, "--help"] });
    assert.deepEqual({ code: own.code, stderr: own.stderr }, { code: 0, stderr: "" }, name);
    assert.match(own.stdout, new RegExp(`^Usage: codex-responses-api-proxy ${name}\\b`));
    const args = ["-c", "a=b", "responses-api-proxy", name, "--help"];
    assert.deepEqual(await runProxy({ command: codex, args }), own);
  }
});

test("a word that is no command exits 2, names the commands and the way of a key, and is not repeated", async () => {
  for (const word of ["help", "statuss", testKey, "sk-short"]) {
    const { code, stdout, stderr } = await runProxy({ args: [word] });
    assert.deepEqual({ code, stdout }, { code: 2, stdout: "" });
    assert.match(
      stderr,
      /^codex: error: unexpected argument number 1\ncodex: hint: the API key is read from stdin, /,
    );
    assert.match(stderr, /the commands are [a-z, ]*status/);
    assert.ok(!stderr.includes(word === "help" ? "'help'" : word));
  }
});

test("what may be a key is not repeated by a command either", async () => {
  for (const args of [[`--${testKey}`], [testKey], ["--server-info", "x", testKey], [`-${testKey}`]]) {
    const { code, stderr } = await runProxy({ args: ["status", ...args] });
    assert.equal(code, 2);
    assert.match(stderr, /^codex: error: .*\ncodex: hint: .*\n$/);
    assert.ok(!stderr.includes(testKey.slice(0, 12)), stderr);
  }
});
