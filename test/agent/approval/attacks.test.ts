// Commands that look as if they only read. Each is run without a sandbox and leaves a file behind, so that it is
// no attack by name only; a list of program names alone lets it pass, and ours does not.

import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import {
  appendFileSync,
  existsSync,
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
import { turn, workspaceWrite } from "./turn.ts";
import { makeProgram } from "./world.ts";

const top = realpathSync(mkdtempSync(join(tmpdir(), "approval-attacks-")));
after(() => rmSync(top, { recursive: true }));

const system = "/usr/local/bin:/usr/bin:/bin";
const names = new Set(["cat", "cd", "echo", "find", "git", "head", "ls", "pwd", "sed", "true", "uniq", "wc"]);

/** Every word that stands where a program does is on the list, by its last part. */
function naive(command: readonly string[]): boolean {
  const parts = command[0] === "bash" ? (command[2] as string).split(/&&|\|\||[;|]/) : command.slice(0, 1);
  return parts.every((part) => names.has(part.trim().split(/\s+/)[0]?.split("/").at(-1) ?? ""));
}

interface Attack {
  readonly title: string;
  readonly command: readonly string[];
  /** prepares the working directory */
  readonly setUp?: (cwd: string) => void;
  readonly path?: string;
}

const bash = (script: string) => ["bash", "-c", script];
const git = (cwd: string, ...args: string[]) =>
  execFileSync("git", ["-c", "user.name=a", "-c", "user.email=a@b", ...args], { cwd, stdio: "ignore" });

function repository(cwd: string, config = ""): void {
  git(cwd, "init", "-q");
  writeFileSync(join(cwd, "file"), "one\n");
  git(cwd, "add", ".");
  git(cwd, "commit", "-qm", "one");
  writeFileSync(join(cwd, "file"), "two\n");
  appendFileSync(join(cwd, ".git/config"), config);
}

const attacks: readonly Attack[] = [
  { title: "a redirection", command: bash("echo x > planted") },
  { title: "a substitution", command: bash("echo $(touch planted)") },
  { title: "a substitution in double quotes", command: bash('echo "a `touch planted`"') },
  { title: "a substitution of a process", command: bash("cat <(touch planted)") },
  {
    title: "a command in the background",
    command: bash("ls & touch planted"),
  },
  { title: "a here-document with a substitution", command: bash("cat <<E\n$(touch planted)\nE") },
  { title: "a second line", command: bash("ls\ntouch planted") },
  { title: "a default value that runs a command", command: bash("echo \u0024{x:-$(touch planted)}") },
  { title: "an arithmetic expression that runs a command", command: bash("echo $((a[$(touch planted)]))") },
  { title: "find that writes", command: ["find", ".", "-fprintf", "planted", "x"] },
  { title: "find that runs", command: ["find", ".", "-maxdepth", "0", "-exec", "touch", "planted", ";"] },
  {
    title: "find whose option is put together by quotes",
    command: bash("find . -maxdepth 0 -f'print' planted"),
  },
  {
    title: "find whose option is the name of a file",
    command: bash("find . -maxdepth 0 *"),
    setUp: (cwd) => {
      for (const name of ["-fprint", "planted"]) writeFileSync(join(cwd, name), "");
    },
  },
  { title: "sed that writes", command: bash("echo x | sed -n 'w planted'") },
  { title: "sed that runs", command: bash("echo x | sed -n '1e touch planted'") },
  {
    title: "uniq with a second operand",
    command: ["uniq", "input", "planted"],
    setUp: (cwd) => writeFileSync(join(cwd, "input"), "x\n"),
  },
  {
    title: "uniq with a second operand from a pattern",
    command: bash("uniq f*"),
    setUp: (cwd) => {
      writeFileSync(join(cwd, "f1"), "x\n");
      writeFileSync(join(cwd, "f2"), "");
    },
  },
  {
    title: "git that writes its output",
    command: ["git", "log", "--output=planted"],
    setUp: (cwd) => repository(cwd),
  },
  {
    title: "git that makes a branch",
    command: ["git", "branch", "planted"],
    setUp: (cwd) => repository(cwd),
  },
  {
    title: "git that makes a branch behind an option that hides",
    command: ["git", "branch", "--sort", "--list", "planted"],
    setUp: (cwd) => repository(cwd),
  },
  {
    title: "git with a configuration on its command line",
    command: ["git", "-c", "core.fsmonitor=touch planted #", "status"],
    setUp: (cwd) => repository(cwd),
  },
  {
    title: "git in a repository whose configuration names a program",
    command: ["git", "status"],
    setUp: (cwd) => repository(cwd, '[core]\n\tfsmonitor = "touch planted #"\n'),
  },
  {
    title: "git with a diff program in the configuration",
    command: ["git", "diff"],
    setUp: (cwd) => repository(cwd, '[diff]\n\texternal = "touch planted #"\n'),
  },
  {
    title: "git with a filter in the configuration",
    command: ["git", "diff"],
    setUp: (cwd) => {
      repository(cwd, '[filter "x"]\n\tclean = "touch planted; cat"\n');
      writeFileSync(join(cwd, ".gitattributes"), "* filter=x\n");
    },
  },
  {
    title: "git with an included configuration",
    command: ["git", "status"],
    setUp: (cwd) => {
      repository(cwd, "[include]\n\tpath = ../more\n");
      writeFileSync(join(cwd, "more"), '[core]\n\tfsmonitor = "touch planted #"\n');
    },
  },
  {
    title: "git with a hook for its index",
    command: ["git", "status"],
    setUp: (cwd) => {
      repository(cwd);
      mkdirSync(join(cwd, ".git/hooks"), { recursive: true });
      makeProgram(join(cwd, ".git/hooks/post-index-change"), "touch planted");
      git(cwd, "add", ".");
      rmSync(join(cwd, "planted"), { force: true });
      execFileSync("touch", ["-d", "2001-01-01", "file"], { cwd });
    },
  },
  {
    title: "git in a folder that is a bare repository by its looks",
    command: bash("cd sub && git status"),
    setUp: (cwd) => {
      repository(cwd);
      git(cwd, "init", "-q", "--bare", "sub");
      appendFileSync(
        join(cwd, "sub/config"),
        `[core]\n\tbare = false\n\tworktree = ${cwd}\n\tfsmonitor = "touch ${cwd}/planted #"\n`,
      );
    },
  },
  {
    title: "git with a nested repository that has its own configuration",
    command: ["git", "status"],
    setUp: (cwd) => {
      repository(cwd);
      mkdirSync(join(cwd, "sub"));
      repository(join(cwd, "sub"));
      git(cwd, "add", "sub");
      git(cwd, "commit", "-qm", "sub");
      appendFileSync(join(cwd, "sub/.git/config"), `[core]\n\tfsmonitor = "touch ${cwd}/planted #"\n`);
    },
  },
  {
    title: "a program of the working directory",
    command: ["./ls"],
    setUp: (cwd) => makeProgram(join(cwd, "ls"), "touch planted"),
  },
  {
    title: "a program of the working directory in a script",
    command: bash("sub/cat x"),
    setUp: (cwd) => {
      mkdirSync(join(cwd, "sub"));
      makeProgram(join(cwd, "sub/cat"), "touch planted");
    },
  },
  {
    title: "a program of the working directory by the path",
    command: ["ls"],
    path: `.:${system}`,
    setUp: (cwd) => makeProgram(join(cwd, "ls"), "touch planted"),
  },
  {
    title: "a program of the working directory by an empty entry of the path",
    command: bash("ls"),
    path: `:${system}`,
    setUp: (cwd) => makeProgram(join(cwd, "ls"), "touch planted"),
  },
  {
    title: "an assignment of the path",
    command: bash("true; PATH=. ls"),
    setUp: (cwd) => makeProgram(join(cwd, "ls"), "/usr/bin/touch planted"),
  },
  { title: "a function by the name of a program", command: bash("echo x; ls() { touch planted; }; ls") },
];

for (const [index, { title, command, setUp, path = system }] of attacks.entries())
  test(`${title} is not taken for reading`, async () => {
    const cwd = join(top, `${index}`);
    mkdirSync(cwd);
    setUp?.(cwd);
    const before = trace(cwd);
    const environment = { PATH: path, HOME: top, GIT_CONFIG_NOSYSTEM: "1" };
    const place = {
      ...turn({ approvalPolicy: "untrusted", policy: workspaceWrite, cwd, environment }).context,
      cwd,
    };
    assert.equal(await isKnownSafe(command, place), false);
    const [file, ...args] = command as [string, ...string[]];
    const { error } = spawnSync(file, args, { cwd, env: environment, stdio: "ignore", timeout: 10_000 });
    assert.equal(error, undefined);
    assert.notDeepEqual(trace(cwd), before, "the attack does nothing");
  });

test("a list of names lets most of them pass", () => {
  const caught = attacks.filter(({ command }) => !naive(command)).map(({ title }) => title);
  assert.deepEqual(caught, ["an assignment of the path", "a function by the name of a program"]);
});

// What an attack leaves: files, what is in those that are written to, and branches.
function trace(cwd: string): unknown {
  const read = (name: string) =>
    existsSync(join(cwd, name)) ? readFileSync(join(cwd, name), "utf8") : undefined;
  return [readdirSync(cwd), ["planted", "f2", ".git/refs/heads/planted"].map(read)];
}
