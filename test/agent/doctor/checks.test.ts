import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import fs from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import type { Finding } from "../../../agent/doctor/check.ts";
import { examine } from "../../../agent/doctor/examine.ts";
import { checkGit } from "../../../agent/doctor/git.ts";
import { checkInstallation } from "../../../agent/doctor/installation.ts";
import { checkNode } from "../../../agent/doctor/node-release.ts";
import { checkProgramPath } from "../../../agent/doctor/program-path.ts";
import { checkState } from "../../../agent/doctor/state.ts";
import { checkTerminal } from "../../../agent/doctor/terminal.ts";
import { shellWord } from "../../../agent/shell-word.ts";
import { healthyContext } from "./context.ts";

const root = fs.realpathSync(fs.mkdtempSync(join(tmpdir(), "codex-doctor-")));
after(() => fs.rmSync(root, { recursive: true, force: true }));

function folder(...names: readonly string[]): string {
  const path = join(root, ...names);
  fs.mkdirSync(path, { recursive: true });
  return path;
}

function program(path: string): string {
  fs.writeFileSync(path, "#!/bin/sh\n", { mode: 0o755 });
  return path;
}

const brief = ({ status, summary, remediation }: Finding) => ({ status, summary, remediation });

describe("Node release", () => {
  const nodes: readonly (readonly [string, string, string])[] = [
    ["24.11.0", "ok", "Node 24.11.0"],
    ["20.18.1", "warning", "Node 20.18.1 gets no security fixes since 2026-04-30"],
    ["25.0.0", "warning", "Node 25.0.0 gets no security fixes since 2026-06-01"],
    ["20.18.0", "fail", "Node 20.18.0 is older than 20.18.1, the oldest that is supported"],
    ["18.20.0", "fail", "Node 18.20.0 is older than 20.18.1, the oldest that is supported"],
    ["99.0.0", "ok", "Node 99.0.0"],
  ];
  test("is well until the last day of its line, and too old below what is supported", () => {
    const found = nodes.map(([nodeVersion]) => checkNode(healthyContext({ nodeVersion })));
    assert.deepEqual(
      found.map(({ status, summary }, index) => [nodes[index]?.[0], status, summary]),
      nodes,
    );
  });

  test("counts the last day itself as within its life", () => {
    const at = (day: string) =>
      checkNode(healthyContext({ nodeVersion: "22.0.0", now: new Date(day) })).status;
    assert.deepEqual([at("2027-04-30T23:59:59Z"), at("2027-05-01T00:00:00Z")], ["ok", "warning"]);
  });

  test("names the installation that is to be built again", () => {
    const fixOf = (packageRoot: string) =>
      checkNode(healthyContext({ nodeVersion: "20.18.1", packageRoot })).remediation;
    const first = "install the newest LTS release of Node.js, then: ";
    assert.deepEqual(["/home/a b/.p/lib/node_modules/codex-responses-api-proxy", "/src/proxy"].map(fixOf), [
      `${first}npm rebuild --global --prefix '/home/a b/.p' codex-responses-api-proxy`,
      `${first}cd /src/proxy && npm ci`,
    ]);
  });
});

describe("which codex a shell starts", () => {
  const ownFolder = folder("own-bin");
  const launcher = healthyContext().launcher as string;
  fs.symlinkSync(launcher, join(ownFolder, "codex"));
  const originalFolder = folder("lib/node_modules/@openai/codex/bin");
  fs.writeFileSync(join(originalFolder, "../package.json"), '{"name":"@openai/codex"}');
  const original = program(join(originalFolder, "codex"));
  const otherFolder = folder("other-bin");
  const other = program(join(otherFolder, "codex"));
  const emptyFolder = folder("empty-bin");
  fs.mkdirSync(join(emptyFolder, "codex"));

  const linkAndPath = `mkdir -p ~/.local/bin && ln -s ${launcher} ~/.local/bin/codex && export PATH=~/.local/bin:"$PATH"`;
  const look = (...path: readonly string[]) =>
    checkProgramPath(healthyContext({ environment: { PATH: path.join(":") } }));

  test("a link to the launcher is this program", async () => {
    assert.deepEqual(brief(await look(emptyFolder, ownFolder, originalFolder)), {
      status: "ok",
      summary: `codex is ${ownFolder}/codex`,
      remediation: undefined,
    });
  });

  test("the original that comes first is told apart, with the line that puts ours first", async () => {
    const finding = await look(originalFolder, ownFolder);
    assert.deepEqual(finding, {
      status: "warning",
      summary: `codex in PATH is not this program but ${original} (@openai/codex)`,
      details: {
        "this program": launcher,
        "codex in PATH": [`${original} (@openai/codex)`, `${ownFolder}/codex (ours)`],
      },
      remediation: `export PATH=${ownFolder}:"$PATH"`,
    });
  });

  test("a program of somebody else is called that", async () => {
    assert.deepEqual(brief(await look(otherFolder)), {
      status: "warning",
      summary: `codex in PATH is not this program but ${other} (another program)`,
      remediation: linkAndPath,
    });
  });

  test("a PATH without one is answered with the link to make", async () => {
    assert.deepEqual(brief(await look(emptyFolder)), {
      status: "warning",
      summary: "PATH leads to no program named codex",
      remediation: linkAndPath,
    });
  });

  test("the link that npm has made is led to, of a global and of a local installation", async () => {
    for (const [packageFolder, bin] of [
      ["prefix/lib/node_modules/codex-responses-api-proxy", "prefix/bin"],
      ["project/node_modules/codex-responses-api-proxy", "project/node_modules/.bin"],
    ] as const) {
      const packageRoot = folder(packageFolder);
      const own = program(join(folder(packageFolder, "native/build"), "codex-responses-api-proxy"));
      fs.symlinkSync(own, join(folder(bin), "codex"));
      const environment = { PATH: otherFolder };
      const finding = await checkProgramPath(healthyContext({ environment, packageRoot, launcher: own }));
      assert.equal(finding.remediation, `export PATH=${join(root, bin)}:"$PATH"`);
    }
  });

  test("what is said to put it right does, in a shell and an empty home", async () => {
    const home = folder("link-home");
    const environment = { ...process.env, HOME: home, PATH: `${emptyFolder}:/usr/bin:/bin` };
    const { remediation } = await checkProgramPath(
      healthyContext({ environment: { PATH: emptyFolder }, cwd: home }),
    );
    const { stdout } = spawnSync("/bin/sh", ["-c", `${remediation} && command -v codex && echo "$PATH"`], {
      env: environment,
      encoding: "utf8",
    });
    const [path = "", PATH = ""] = stdout.split("\n");
    assert.equal(path, join(home, ".local/bin/codex"));
    assert.equal((await checkProgramPath(healthyContext({ environment: { PATH } }))).status, "ok");
  });
});

describe("installation", () => {
  test("is well where launcher and addon are in their places", async () => {
    assert.equal((await checkInstallation(healthyContext())).status, "ok");
  });

  test("without the launcher's file it fails, with the command that builds it", async () => {
    const packageRoot = folder("half installed");
    assert.deepEqual(brief(await checkInstallation(healthyContext({ packageRoot, launcher: undefined }))), {
      status: "fail",
      summary: `the native launcher is missing or may not be run: ${packageRoot}/native/build/codex-responses-api-proxy`,
      remediation: `node '${packageRoot}/native/build.mjs'`,
    });
  });

  test("without the addon it fails too", async () => {
    const packageRoot = folder("no-addon");
    fs.mkdirSync(join(packageRoot, "native/build"), { recursive: true });
    program(join(packageRoot, "native/build/codex-responses-api-proxy"));
    assert.deepEqual(brief(await checkInstallation(healthyContext({ packageRoot }))), {
      status: "fail",
      summary: `the native addon is missing or may not be read: ${packageRoot}/native/build/hardening.node`,
      remediation: `node ${packageRoot}/native/build.mjs`,
    });
  });

  test("a start that did not come from the launcher is warned about", async () => {
    assert.equal((await checkInstallation(healthyContext({ launcher: undefined }))).status, "warning");
  });
});

describe("state folder", () => {
  const home = folder("home");

  test("is well when it is this user's alone", async () => {
    fs.chmodSync(home, 0o700);
    assert.deepEqual(await checkState(home, healthyContext()), {
      status: "ok",
      summary: home,
      details: { CODEX_HOME: home, owner: String(process.getuid?.()), mode: "0700" },
    });
  });

  test("that others may write to is warned about", async () => {
    fs.chmodSync(home, 0o770);
    assert.deepEqual(brief(await checkState(home, healthyContext())), {
      status: "warning",
      summary: `${home} can be written by other users (mode 0770)`,
      remediation: `chmod go-w ${home}`,
    });
  });

  test("that was named and is not there fails, and the default one does not", async () => {
    const missing = join(root, "missing");
    const named = healthyContext({ environment: { CODEX_HOME: missing } });
    assert.deepEqual(brief(await checkState(missing, named)), {
      status: "fail",
      summary: `CODEX_HOME names a folder that does not exist: ${missing}`,
      remediation: `mkdir -m 700 -p ${missing}`,
    });
    assert.equal((await checkState(missing, healthyContext())).status, "ok");
  });

  test("that there cannot be for want of any home fails", async () => {
    assert.equal((await checkState(undefined, healthyContext())).status, "fail");
  });

  test("that is a file fails", async () => {
    const file = join(root, "file");
    fs.writeFileSync(file, "");
    assert.equal((await checkState(file, healthyContext())).status, "fail");
  });
});

describe("terminal", () => {
  const inside = (environment: Record<string, string>, terminal = healthyContext().terminal) =>
    brief(checkTerminal(healthyContext({ environment, terminal })));
  const utf8 = { LANG: "de_DE.UTF-8" };

  test("that shows colours and UTF-8 is well", () => {
    assert.deepEqual(inside({ ...utf8, TERM: "xterm-256color" }), {
      status: "ok",
      summary: "xterm-256color, 120x40, 256 colours",
      remediation: undefined,
    });
  });

  test("without UTF-8, by the variable that counts, is warned about", () => {
    assert.deepEqual(inside({ ...utf8, LC_ALL: "C", TERM: "xterm" }), {
      status: "warning",
      summary: "the locale is C, not UTF-8: letters and lines may be garbled",
      remediation: "export LC_ALL=C.UTF-8",
    });
  });

  test("that is dumb, nameless or tiny is warned about, and none of it counts in a pipe", () => {
    const terminal = healthyContext().terminal;
    assert.deepEqual(
      [
        inside({ ...utf8, TERM: "dumb" }).summary,
        inside(utf8).summary,
        inside({ ...utf8, TERM: "xterm" }, { ...terminal, columns: 20 }).summary,
        inside(utf8, { ...terminal, isStdoutTerminal: false }).status,
        inside({ ...utf8, TERM: "xterm" }, { ...terminal, rows: 0 }).summary,
      ],
      [
        "TERM is dumb: no colours, no cursor movement",
        "TERM is not set: no colours, no cursor movement",
        "the terminal is small: 20x40",
        "ok",
        "xterm, size unknown, 256 colours",
      ],
    );
  });
});

describe("git", () => {
  const bin = folder("git-bin");
  const git = program(join(bin, "git"));
  const repository = folder("repository");
  fs.mkdirSync(join(repository, ".git"));
  const inner = folder("repository/src/deep");

  test("is found without being run, and so is the repository of a folder deep inside", async () => {
    const context = healthyContext({ environment: { PATH: bin }, cwd: inner });
    assert.deepEqual(await checkGit(context), {
      status: "ok",
      summary: `${git}, repository ${repository}`,
      details: { "git in PATH": [git], repository },
    });
  });

  test("that is missing is warned about with the command that installs it", async () => {
    assert.deepEqual(brief(await checkGit(healthyContext({ environment: { PATH: inner }, cwd: inner }))), {
      status: "warning",
      summary: "git is not in PATH: no diffs, no project instructions from the repository's root",
      remediation: "install git by the package manager of this system",
    });
    const fedora = folder("fedora-bin");
    program(join(fedora, "dnf"));
    const context = healthyContext({ environment: { PATH: fedora }, cwd: inner });
    assert.equal((await checkGit(context)).remediation, "sudo dnf install git");
  });
});

test("a check that throws is a failed check with its hint, and those after it are made", async () => {
  const checks = await examine([
    {
      id: "a",
      category: "first",
      run: () => {
        throw Object.assign(new Error("broken"), { hint: "mend it" });
      },
    },
    { id: "b", category: "second", run: async () => ({ status: "ok", summary: "well", details: {} }) },
  ]);
  assert.deepEqual(checks, [
    { id: "a", category: "first", status: "fail", summary: "broken", details: {}, remediation: "mend it" },
    { id: "b", category: "second", status: "ok", summary: "well", details: {} },
  ]);
});

test("a word of a command is quoted where a shell would take it apart", () => {
  assert.deepEqual(["/a/b-c", "/a b", "it's", "$(x)"].map(shellWord), [
    "/a/b-c",
    "'/a b'",
    "'it'\\''s'",
    "'$(x)'",
  ]);
});
