import assert from "node:assert/strict";
import { test } from "node:test";
import { isDangerous } from "../../../agent/approval/dangerous.ts";
import { dangerousScripts, tameScripts } from "./corpus.ts";

async function dangerousOf(
  commands: readonly (readonly string[])[],
): Promise<readonly (readonly string[])[]> {
  const verdicts = await Promise.all(commands.map(isDangerous));
  return commands.filter((_, index) => verdicts[index]);
}

for (const shell of ["bash -lc", "bash -c", "zsh -lc", "sh -c", "/bin/bash -euc", "sudo bash -c"]) {
  const run = (script: string) => [...shell.split(" "), script];

  test(`what destroys is found wherever it stands in a script of ${shell}, and nothing else is`, async () => {
    const all = dangerousScripts.map(run);
    assert.deepEqual(await dangerousOf([...tameScripts.map(run), ...all]), all);
  });
}

test("what destroys is found without a shell", async () => {
  const all = [
    ["rm", "-f", "x"],
    ["sudo", "rm", "-rf", "x"],
    ["git", "reset"],
    ["find", ".", "-exec", "rm", "-f", "{}", ";"],
    ["xargs", "-I", "{}", "bash", "-c", "rm -f {}"],
  ];
  assert.deepEqual(await dangerousOf([["rm", "x"], [], [""], ["echo", "rm", "-f"], ...all]), all);
});

test("what is too large or too deep to be looked into counts as dangerous, and soon", async () => {
  const words = (text: string, count: number) => Array<string[]>(count).fill(text.split(" ")).flat();
  const nested = (depth: number): string =>
    depth === 0 ? "ls" : `bash -c '${nested(depth - 1).replaceAll("'", `'\\''`)}'`;
  const all = [
    ["bash", "-c", `echo ${"x".repeat(2 * 1024 * 1024)}`],
    words("find -exec", 3000),
    words("sudo bash -c", 3000),
  ];
  assert.deepEqual(await dangerousOf(all), all);
  assert.deepEqual(await dangerousOf([["bash", "-c", nested(5)]]), []);
});
