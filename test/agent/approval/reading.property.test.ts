// What is taken for reading, tried: programs with options thrown together, run without a sandbox wherever they are
// taken for safe, leave a folder as it was.

import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import {
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { isKnownSafe } from "../../../agent/approval/safe.ts";
import { fc, runsOfPrograms } from "../../properties/settings.ts";
import { turn, workspaceWrite } from "./turn.ts";

const top = realpathSync(mkdtempSync(join(tmpdir(), "approval-reading-")));
after(() => rmSync(top, { recursive: true }));
const cwd = join(top, "work");
mkdirSync(join(cwd, "sub"), { recursive: true });
for (const name of ["a", "b", "sub/c"]) writeFileSync(join(cwd, name), "one\none\ntwo\n");
const git = (...args: string[]) =>
  execFileSync("git", ["-c", "user.name=a", "-c", "user.email=a@b", ...args], { cwd, stdio: "ignore" });
git("init", "-q", "-b", "main");
git("add", "a", "sub");
git("commit", "-qm", "one");
writeFileSync(join(cwd, "a"), "two\n");

const PATH = "/usr/local/bin:/usr/bin:/bin";
const environment = { PATH, HOME: top, GIT_CONFIG_NOSYSTEM: "1" };

// git may refresh its index, which changes nothing that a person would see.
function picture(folder = cwd): unknown[] {
  return readdirSync(folder)
    .sort()
    .flatMap((name): unknown[] => {
      const path = join(folder, name);
      const { mode } = lstatSync(path);
      if (lstatSync(path).isDirectory()) return [path, mode, ...picture(path)];
      return path.endsWith(".git/index") ? [path, mode] : [path, mode, readFileSync(path, "latin1")];
    });
}

const file = fc.constantFrom("a", "b", "sub/c", "new", "-", "-a", "sub", ".");
const options: Readonly<Record<string, string>> = {
  find:
    "-name a -type f -print -printf x -exec touch new ; + {} -delete -fprint -fls -ok -execdir -maxdepth 0 1 ( ) ! -o -a -not " +
    "-size -1 -prune -quit -newer -H -L -D -O3 -files0-from",
  git:
    "status diff log show branch --output=new --output new -o -p --stat -1 -n 1 --list -a -v -d -D -m -M -c -C --sort --format " +
    "%H --all HEAD main x -f --force -u --edit-description --no-index --ext-diff --oneline -- --track -t commit add rm reset stash tag " +
    "--contains --merged --no-pager -S -G -O --exec-path=. --git-dir=sub --bare",
  sed: "-n -i -e -s -E 1p 1,2p $p w p 1w d s/o/x/ s/o/x/w --in-place -ni -f --expression=1p --quiet 1,$p",
  uniq: "-c -d -u -i -f 1 -s -w -z --count -- --skip-fields=1",
  base64: "-d -w 0 -w0 -o --output --output=new -i --decode --wrap=1 -onew -D --",
  tail: "-n 1 -c -q --lines=1 +1",
  grep: "-r -n -e -f -c -v -o one --color -l --include=a -z -P",
  cut: "-d -f 1 -c --complement --output-delimiter=x",
  head: "-n 1 -c -q",
  stat: "-c %s -f -t --printf=x",
  nl: "-b a -n",
  wc: "-l --files0-from=a",
  tac: "-b -r -s",
  seq: "1 2 -w -f %g -s",
};

const command = fc.constantFrom(...Object.keys(options)).chain((name) => {
  const known = (options[name] as string).split(" ");
  const word = fc.oneof({ weight: 3, arbitrary: fc.constantFrom(...known) }, { weight: 1, arbitrary: file });
  // A command of git comes first often enough to get anywhere.
  const words = fc.array(word, { maxLength: 5 });
  if (name !== "git") return words.map((rest) => [name, ...rest]);
  return fc
    .tuple(fc.constantFrom(...known.slice(0, 5)), words)
    .map(([first, rest]) => [name, first, ...rest]);
});

async function isSafe(words: readonly string[]): Promise<boolean> {
  const { context } = turn({ approvalPolicy: "untrusted", policy: workspaceWrite, cwd, environment });
  return isKnownSafe(words, { ...context, cwd });
}

function run([name, ...args]: readonly string[]): void {
  spawnSync(name as string, args, { cwd, env: environment, stdio: "ignore", timeout: 5000 });
}

test("programs that are taken for reading leave everything as it was", async () => {
  const before = picture();
  let count = 0;
  await fc.assert(
    fc.asyncProperty(command, async (words) => {
      if (!(await isSafe(words))) return;
      count += 1;
      run(words);
      assert.deepEqual(picture(), before, JSON.stringify(words));
    }),
    { numRuns: 5 * runsOfPrograms },
  );
  assert.ok(count > runsOfPrograms / 4, `only ${count} were taken for reading`);
});

test("the same programs do not, where nobody judges them", () => {
  const before = picture();
  const changed = fc.sample(command, { numRuns: 10 * runsOfPrograms, seed: 9110 }).some((words) => {
    run(words);
    return JSON.stringify(picture()) !== JSON.stringify(before);
  });
  assert.ok(changed);
});
