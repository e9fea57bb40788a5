// What plainCommands() says of a script, against the shells themselves: every command that bash, zsh or a POSIX
// shell runs must be one of those that it named, word for word.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { plainCommands } from "../../../agent/approval/plain-commands.ts";
import { isKnownSafe } from "../../../agent/approval/safe.ts";
import { fc, runsOfPrograms } from "../../properties/settings.ts";
import { safeScripts } from "./corpus.ts";
import { makeProgram, makeWorld } from "./world.ts";

const top = realpathSync(mkdtempSync(join(tmpdir(), "approval-shells-")));
after(() => rmSync(top, { recursive: true }));
const bin = join(top, "bin");
const log = join(top, "log");
const cwd = join(top, "cwd");
for (const folder of [bin, log, cwd]) mkdirSync(folder);
// One file for each process, so that those of a pipeline do not mix.
for (const name of ["p", "q-1", "r.x"])
  makeProgram(join(bin, name), `printf '%s\\037' "\${0##*/}" "$@" > "${log}/$$"`);

const shells = ["/bin/bash", "/bin/sh", "/bin/zsh"].filter(existsSync);

function commandsRunBy(shell: string, script: string): string[][] {
  spawnSync(shell, shell.endsWith("zsh") ? ["-f", "-c", script] : ["-c", script], {
    cwd,
    env: { PATH: bin, HOME: "/home/of-someone" },
    stdio: "ignore",
    timeout: 10_000,
  });
  return readdirSync(log).map((name) => {
    const path = join(log, name);
    const words = readFileSync(path, "utf8").split("\x1f").slice(0, -1);
    rmSync(path);
    return words;
  });
}

const program = fc.constantFrom("p", "q-1", "r.x");
const letters = fc.string({
  unit: fc.constantFrom(..."ab1-=.,/:%+@~^_\\\"'$`!#*?[]{}()<>|&; \t\n\ré"),
  maxLength: 6,
});
const quoted = fc.oneof(
  letters.map((text) => `'${text.replaceAll("'", "")}'`),
  letters.map((text) => `"${text}"`),
  letters.map((text) => `"${text.replace(/["\\$`]/g, "\\$&")}"`),
);
const bare = fc.stringMatching(/^[a-z0-9=.,:%+@~^_/-]{1,6}$/);
const word = fc
  .array(
    fc.oneof(
      { weight: 4, arbitrary: bare },
      { weight: 3, arbitrary: quoted },
      { weight: 1, arbitrary: letters },
    ),
    {
      minLength: 1,
      maxLength: 3,
    },
  )
  .map((parts) => parts.join(""));
const blank = fc.constantFrom(" ", " ", "  ", "\t", "");
const command = fc
  .tuple(program, fc.array(fc.tuple(blank, word), { maxLength: 4 }))
  .map(([name, words]) => name + words.map(([gap, text]) => (gap === "" ? " " : gap) + text).join(""));
const joint = fc.constantFrom(
  " && ",
  " || ",
  "; ",
  " | ",
  "&&",
  "||",
  ";",
  "|",
  "\n",
  " &&\n",
  " & ",
  " |& ",
  ";;",
);
const script = fc
  .tuple(
    command,
    fc.array(fc.tuple(joint, command), { maxLength: 2 }),
    fc.constantFrom("", ";", "\n", " ", "\\"),
  )
  .map(([first, more, end]) => first + more.map(([between, next]) => between + next).join("") + end);

test("bash, zsh and a POSIX shell run no other commands than those that were named", async () => {
  let accepted = 0;
  let ran = 0;
  await fc.assert(
    fc.asyncProperty(script, async (text) => {
      const named = await plainCommands(text);
      if (named === undefined) return;
      accepted += 1;
      const known = new Set(named.map((words) => JSON.stringify(words)));
      for (const shell of shells) {
        const run = commandsRunBy(shell, text);
        ran += run.length;
        const others = run.filter((words) => !known.has(JSON.stringify(words)));
        assert.deepEqual(others, [], shell);
      }
    }),
    { numRuns: 2 * runsOfPrograms },
  );
  assert.ok(accepted > 50 && ran > accepted, `${accepted} scripts were accepted and ${ran} commands ran`);
});

test("a naive split at blanks and operators names other commands than the shells run", () => {
  const naive = (text: string) => text.split(/&&|\|\||[;|]/).map((part) => part.trim().split(/\s+/));
  const wrong = ["p $(q-1)", "p 'a b'", "p a\\ b", "p ~", "p $HOME", "p a & q-1 b"].filter((text) => {
    const known = new Set(naive(text).map((words) => JSON.stringify(words)));
    return commandsRunBy("/bin/bash", text).some((words) => !known.has(JSON.stringify(words)));
  });
  assert.equal(wrong.length, 6);
});

const world = makeWorld();
after(() => world.remove());

const poison = fc.constantFrom(
  ...[
    "$(touch x)",
    "`touch x`",
    "> x",
    ">> x",
    "2> x",
    "< x",
    "<(touch x)",
    "<<< x",
    "<<E",
    "&",
    "|&",
    "& touch x",
  ],
  ...[
    "$x",
    "\u0024{x}",
    "$'x'",
    '$"x"',
    "{a,b}",
    "(",
    ")",
    "{",
    "}",
    "!",
    "#",
    ";;",
    "=ls",
    "~",
    "|",
    "||",
    "\\",
  ],
  ...["\\\n", "\r", "\0", "\u00a0", "\u2028", "\u200b", "\x1b"],
);

test("nothing that is put into a safe script outside of quotes leaves it safe, if it could run or write", async () => {
  const plain = safeScripts.filter((text) => !/['"\\]/.test(text) && !text.endsWith(";"));
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...plain), poison, async (text, added) => {
      for (const changed of [
        `${text} ${added}`,
        `${added} ${text}`,
        text.replace(" ", ` ${added} `).concat(" ", added),
      ])
        assert.equal(
          await isKnownSafe(["bash", "-lc", changed], world.place()),
          false,
          JSON.stringify(changed),
        );
    }),
    { numRuns: runsOfPrograms },
  );
});

test("no text at all makes the parser throw, and what it names holds nothing that was not written", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.oneof(
        fc.string({ unit: "binary", maxLength: 60 }),
        fc.array(letters).map((parts) => parts.join("")),
      ),
      async (text) => {
        const named = await plainCommands(text);
        for (const words of named ?? [])
          for (const one of words) assert.ok([...one].every((letter) => text.includes(letter)));
      },
    ),
  );
});
