import assert from "node:assert/strict";
import { mkdirSync, rmSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { after, test } from "node:test";
import { isKnownSafe } from "../../../agent/approval/safe.ts";
import { safeOnLinux, safeScripts, unsafeScripts } from "./corpus.ts";
import { makeProgram, makeWorld } from "./world.ts";

const world = makeWorld();
after(() => world.remove());

async function safeOf(
  commands: readonly (readonly string[])[],
  place = world.place(),
): Promise<readonly (readonly string[])[]> {
  const verdicts = await Promise.all(commands.map((command) => isKnownSafe(command, place)));
  return commands.filter((_, index) => verdicts[index]);
}

const shells = ["bash -lc", "bash -c", "zsh -lc", "sh -c", "/bin/bash -lc", "/usr/bin/zsh -c"];

for (const shell of shells) {
  const run = (script: string) => [...shell.split(" "), script];

  test(`what only reads is known as such behind ${shell}`, async () => {
    const all = [...safeScripts, ...safeOnLinux].map(run);
    assert.deepEqual(await safeOf(all), all);
  });

  test(`nothing else is, behind ${shell}`, async () => {
    assert.deepEqual(await safeOf(unsafeScripts.map(run)), []);
  });
}

test("there are more than 300 cases", () => {
  assert.ok(new Set([...safeScripts, ...safeOnLinux, ...unsafeScripts]).size > 300);
});

test("a program without a shell is judged by its words, which no shell takes apart", async () => {
  const safe = [
    ["ls"],
    ["ls", "-la", "$(rm x)", "> x", "a b", "*"],
    ["cat", "*.ts", "`id`"],
    ["find", ".", "-name", "*.ts"],
    ["git", "log", "--", "*"],
    ["rg", "a|b;c", "{x,y}"],
    ["sed", "-n", "1,5p", "a b"],
    ["/usr/bin/ls"],
  ];
  assert.deepEqual(await safeOf(safe), safe);
});

test("words that a shell would not have split do not make a program", async () => {
  assert.deepEqual(
    await safeOf([
      [],
      [""],
      ["ls -la"],
      ["ls", "-la", "\0"],
      ["cd", "x"],
      ["./ls"],
      ["find", ".", "-delete"],
      ["git", "diff", "--output=x"],
      ["uniq", "a", "b"],
      ["sed", "-n", "1p\nw x"],
    ]),
    [],
  );
});

test("a shell that is told anything else than to run one script is not known to read", async () => {
  assert.deepEqual(
    await safeOf([
      ["bash"],
      ["bash", "ls"],
      ["bash", "-lc"],
      ["bash", "-lc", "ls", "x"],
      ["bash", "-l", "-c", "ls"],
      ["bash", "-ic", "ls"],
      ["bash", "-cl", "ls"],
      ["bash", "-xc", "ls"],
      ["bash", "--rcfile", "x"],
      ["bash", "--login", "-c", "ls"],
      ["bash", "-O", "expand_aliases", "-c", "ls"],
      ["fish", "-c", "ls"],
      ["dash", "-c", "ls"],
      ["ksh", "-c", "ls"],
      ["./bash", "-lc", "ls"],
      ["sub/bash", "-lc", "ls"],
      ["/tmp/bash", "-lc", "ls"],
      [`${world.cwd}/bash`, "-lc", "ls"],
      ["env", "bash", "-lc", "ls"],
    ]),
    [],
  );
});

test("a program that lies in the project or where commands write is not the one that is meant by its name", async () => {
  const bin = join(world.cwd, "node_modules/.bin");
  mkdirSync(bin, { recursive: true });
  const link = join(world.tools, "..", `link-${process.pid}`);
  symlinkSync(bin, link);
  after(() => rmSync(link));
  const commands = [["ls"], ["bash", "-lc", "ls"]];
  const paths = [bin, link, ".", "", "node_modules/.bin", "sub/../sub"];
  for (const path of paths.slice(0, 2))
    assert.deepEqual(
      await safeOf(commands, world.place(`${path}:${world.tools}`)),
      commands,
      "nothing is there yet",
    );
  makeProgram(join(bin, "ls"), "touch planted");
  for (const path of paths)
    assert.deepEqual(await safeOf(commands, world.place(`${path}:${world.tools}`)), [], path);
  assert.deepEqual(
    await safeOf(commands, world.place(`${world.tools}:${bin}`)),
    commands,
    "behind the real one",
  );
  assert.deepEqual(await safeOf([["ls"]], world.place("")), []);
  assert.deepEqual(await safeOf([["ls"]], world.place("/nowhere")), []);
});

test("git in a terminal has a pager that runs commands, and is not known to read only", async () => {
  const place = world.place(world.tools, { hasTerminal: true });
  assert.deepEqual(
    await safeOf(
      [
        ["git", "log"],
        ["bash", "-lc", "ls && git log"],
        ["bash", "-lc", "ls"],
      ],
      place,
    ),
    [["bash", "-lc", "ls"]],
  );
});

test("an environment that names another repository makes git unknown", async () => {
  const more = (name: string) => ({ environment: { PATH: world.tools, [name]: "x" } });
  for (const name of ["GIT_DIR", "GIT_COMMON_DIR"])
    assert.deepEqual(await safeOf([["git", "status"]], world.place(undefined, more(name))), []);
  const place = world.place(undefined, more("CDPATH"));
  assert.deepEqual(await safeOf([["bash", "-lc", "cd sub && git status"]], place), []);
});

test("programs of Linux are unknown elsewhere", async () => {
  const place = world.place(world.tools, { platform: "darwin" });
  assert.deepEqual(
    await safeOf(
      safeOnLinux.map((script) => ["bash", "-lc", script]),
      place,
    ),
    [],
  );
});

test("a script without end is no reason to wait, and not safe", async () => {
  const scripts = [
    "$(".repeat(20_000),
    "(".repeat(50_000),
    `ls ${"x ".repeat(1_000_000)}`,
    "ls && ".repeat(2),
  ];
  assert.deepEqual(await safeOf(scripts.map((script) => ["bash", "-lc", script])), []);
});
