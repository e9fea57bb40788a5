// `codex sandbox` on a terminal, driven as a person would: the command has the keyboard, the job control
// of the shell, and leaves everything as it was.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import fs from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, test } from "node:test";
import { launcher, makeFolder } from "./codex-process.ts";

const has = (program: string) => spawnSync("sh", ["-c", `command -v ${program}`]).status === 0;
const skip = has("expect") && has("bash") ? false : "expect or bash is not installed";

let root: string;
beforeEach(() => {
  root = fs.realpathSync(makeFolder());
  for (const name of ["home", "work", "bin"]) fs.mkdirSync(join(root, name));
  fs.symlinkSync(launcher, join(root, "bin/codex"));
});
afterEach(() => fs.rmSync(root, { recursive: true }));

/** Run a dialogue with an interactive bash; it fails at the first line that does not come. */
function dialogue(script: string): void {
  const path = join(root, "dialogue.exp");
  fs.writeFileSync(
    path,
    `set timeout 20
proc fail {why} { puts "\\nFAILED: $why"; exit 1 }
proc want {pattern} { expect -re $pattern {} timeout { fail "no $pattern" } eof { fail "end before $pattern" } }
spawn -noecho bash --norc --noprofile --noediting -i
want {ready> $}
send "stty -echo\\r"
want {ready> $}
${script}
send "exit\\r"
expect eof
`,
  );
  const { status, stdout, stderr } = spawnSync("expect", ["-f", path], {
    cwd: join(root, "work"),
    env: {
      PATH: `${join(root, "bin")}:/usr/local/bin:/usr/bin:/bin`,
      HOME: join(root, "home"),
      CODEX_HOME: join(root, "home"),
      TMPDIR: join(root, "home"),
      TERM: "xterm",
      PS1: "ready> ",
    },
    stdio: ["ignore", "pipe", "pipe"],
    encoding: "utf8",
    timeout: 90_000,
  });
  assert.equal(status, 0, stdout + stderr);
}

test("a command has the terminal: it reads what is typed and knows its size", { skip }, () => {
  dialogue(`
send "stty rows 17 cols 71; codex sandbox linux -- sh -c 'tty >/dev/null && stty size && read line && echo got:\\$line'\\r"
want {17 71}
send "typed\\r"
want {got:typed.*ready> $}
`);
});

test("Ctrl-C reaches the command, which decides, and codex ends as it does", { skip }, () => {
  dialogue(`
send "codex sandbox linux -- sleep 100; echo status:\\$?\\r"
sleep 1
send "\\003"
want {ready> $}
send "codex sandbox linux -- sh -c 'trap \\"echo caught; exit 5\\" INT; echo on; while :; do sleep 0.1; done'; echo status:\\$?\\r"
want {on}
send "\\003"
want {caught}
want {status:5.*ready> $}
`);
});

test("Ctrl-C is delivered once", { skip }, () => {
  dialogue(`
send "codex sandbox linux -- bash -c 'n=0; trap \\"let n+=1\\" INT; echo on; for i in 1 2 3 4 5 6 7 8 9 10; do sleep 0.1; done; echo count:\\$n'\\r"
want {on}
send "\\003"
want {count:1.*ready> $}
`);
});

test("Ctrl-Z stops the job, fg goes on with it, and its end is that of the command", { skip }, () => {
  dialogue(`
send "codex sandbox linux -- sh -c 'echo on; read line; echo got:\\$line; exit 6'\\r"
want {on}
send "\\032"
want {Stopped.*ready> $}
send "jobs\\r"
want {Stopped.*codex sandbox.*ready> $}
send "fg; echo status:\\$?\\r"
want {codex sandbox}
send "again\\r"
want {got:again}
want {status:6.*ready> $}
`);
});

test("a command that stops itself stops the job, and goes on with it", { skip }, () => {
  dialogue(`
send "codex sandbox linux -- sh -c 'kill -STOP \\$\\$; echo went on'\\r"
want {Stopped.*ready> $}
send "fg\\r"
want {went on.*ready> $}
`);
});

test("an editor works, can be suspended, and writes where it may", {
  skip: skip || (has("vim") ? false : "vim is not installed"),
}, () => {
  dialogue(`
send "codex sandbox linux --full-auto -- vim -u NONE -N -n note\\r"
want {note}
send "ifrom the editor\\033"
sleep 0.5
send "\\032"
want {Stopped.*ready> $}
send "fg\\r"
want {from the editor}
send ":wq\\r"
want {ready> $}
`);
  assert.equal(fs.readFileSync(join(root, "work/note"), "utf8"), "from the editor\n");
});
