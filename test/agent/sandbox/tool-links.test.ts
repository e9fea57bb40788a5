import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import fs from "node:fs";
import { basename, dirname, join } from "node:path";
import { afterEach, beforeEach, test } from "node:test";
import { makeToolLinks } from "../../../agent/sandbox/tool-links.ts";
import { launcher, makeFolder } from "../../cli/codex-process.ts";

let home: string;
beforeEach(() => {
  home = makeFolder();
});
afterEach(() => fs.rmSync(home, { recursive: true }));

const module = new URL("../../../agent/sandbox/tool-links.js", import.meta.url).href;
const fail = (message: string) => assert.fail(message);
const inHome = () => fs.readdirSync(join(home, "tmp/tools"));

/** Another process that makes links and then does something. */
function script(then: string): string[] {
  return [
    "--input-type=module",
    "-e",
    `const { makeToolLinks } = await import(${JSON.stringify(module)});
     const links = makeToolLinks(${JSON.stringify(home)}, "/bin/true", {}, console.error);
     ${then}`,
  ];
}

test("a private folder in front of PATH has the launcher under its other names, until it is removed", () => {
  const links = makeToolLinks(home, launcher, { PATH: "/bin", A: "1" }, fail);
  assert.ok(links !== undefined);
  assert.equal(dirname(links.folder), join(home, "tmp/tools"));
  assert.deepEqual(links.environment, { PATH: `${links.folder}:/bin`, A: "1" });
  assert.equal(fs.statSync(links.folder).mode & 0o7777, 0o700);
  assert.deepEqual(
    fs.readdirSync(links.folder).map((name) => [name, fs.readlinkSync(join(links.folder, name))]),
    ["apply_patch", "applypatch", "codex-linux-sandbox"].map((name) => [name, launcher]),
  );
  links.remove();
  assert.deepEqual(inHome(), []);
  links.remove();
});

test("without PATH the folder stands before the places that the system would look in", () => {
  const links = makeToolLinks(home, launcher, {}, fail);
  assert.equal(links?.environment.PATH, `${links?.folder}:/usr/local/bin:/usr/bin:/bin`);
  links?.remove();
});

test("a home that is not there is not made for it: the folder is then one of TMPDIR", () => {
  const missing = join(home, "missing");
  const links = makeToolLinks(missing, launcher, { TMPDIR: home }, fail);
  assert.equal(links === undefined ? undefined : dirname(links.folder), home);
  links?.remove();
  assert.ok(!fs.existsSync(missing));
  assert.deepEqual(fs.readdirSync(home), []);
});

test("a home whose name would end an entry of PATH is not put there", () => {
  const odd = join(home, "a:b");
  fs.mkdirSync(odd);
  const links = makeToolLinks(odd, launcher, { TMPDIR: home }, fail);
  assert.equal(links === undefined ? undefined : dirname(links.folder), home);
  links?.remove();
});

test("where no folder can be made, commands run without, and the user is told once", () => {
  const told: string[] = [];
  const nowhere = join(home, "missing");
  assert.equal(
    makeToolLinks(nowhere, launcher, { TMPDIR: nowhere }, (message) => told.push(message)),
    undefined,
  );
  assert.deepEqual(told, [
    "apply_patch is not in the PATH of commands: its folder could not be made (ENOENT)",
  ]);
});

test("the folder goes with its process, also when that ends by process.exit", () => {
  const { status, stderr } = spawnSync(process.execPath, script("process.exit(3)"), { encoding: "utf8" });
  assert.deepEqual([status, stderr], [3, ""]);
  assert.deepEqual(inHome(), []);
});

test("what a killed process left is removed by the next one, and what lives or is not of this kind stays", async () => {
  const alive = spawn(process.execPath, script("console.log('on'); setInterval(() => {}, 1000)"), {
    stdio: ["ignore", "pipe", "inherit"],
  });
  await once(alive.stdout, "data");
  const [ofAlive] = inHome() as [string];
  spawnSync(process.execPath, script("process.kill(process.pid, 'SIGKILL')"));
  const ofDead = inHome().find((name) => name !== ofAlive) as string;
  const folder = join(home, "tmp/tools");
  // The same number, of a process that started at another time.
  const reused = ofAlive.replace(/^(codex-tools-\d+)-\d+/, "$1-1");
  // Another machine's: nobody here knows whether it lives, so time decides.
  const foreign = ofDead.replace(/-[0-9a-f]{16}-/, `-${"0".repeat(16)}-`);
  const oldForeign = foreign.replace(/......$/, "oldold");
  for (const name of [reused, foreign, oldForeign]) fs.mkdirSync(join(folder, name));
  const longAgo = new Date(Date.now() - 8 * 24 * 60 * 60 * 1000);
  fs.utimesSync(join(folder, oldForeign), longAgo, longAgo);
  fs.mkdirSync(join(home, "precious"));
  fs.symlinkSync(join(home, "precious"), join(folder, ofDead.replace(/......$/, "linked")));
  fs.writeFileSync(join(folder, "note"), "");

  const links = makeToolLinks(home, launcher, {}, fail);
  assert.ok(links !== undefined);
  assert.deepEqual(
    inHome().toSorted(),
    ["note", ofAlive, foreign, ofDead.replace(/......$/, "linked"), basename(links.folder)].toSorted(),
  );
  assert.ok(fs.existsSync(join(home, "precious")));
  links.remove();
  alive.kill("SIGKILL");
  await once(alive, "exit");
});
