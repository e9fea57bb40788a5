// What the launcher tells the command line that it starts, and that it tells it to nothing else.

import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import fs from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { launcher, makeFolder, packageRoot } from "../cli/codex-process.ts";

let folder: string;
before(() => {
  folder = makeFolder();
});
after(() => fs.rmSync(folder, { recursive: true }));

/** A package of which the entries print what they were started with. */
function makeTellingPackage(): string {
  const root = join(folder, "package");
  for (const path of ["native/build", "dist/cli", "dist/proxy/commands"]) {
    fs.mkdirSync(join(root, path), { recursive: true });
  }
  fs.copyFileSync(launcher, join(root, "native/build/codex-responses-api-proxy"));
  fs.copyFileSync(join(launcher, "../hardening.node"), join(root, "native/build/hardening.node"));
  fs.writeFileSync(join(root, "package.json"), '{ "type": "commonjs" }');
  for (const [path, name] of [
    ["dist/cli/main.js", "codex"],
    ["dist/cli/apply-patch.js", "apply_patch"],
    ["dist/proxy/commands/main.js", "command"],
    ["dist/proxy/main.js", "proxy"],
  ] as const) {
    fs.writeFileSync(
      join(root, path),
      `const env = { ...process.env };
       console.log(JSON.stringify({ program: ${JSON.stringify(name)}, args: process.argv.slice(2), env }));`,
    );
  }
  return join(root, "native/build/codex-responses-api-proxy");
}

interface Told {
  readonly program: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

function tell(file: string, argv0: string, args: readonly string[], env: Record<string, string> = {}): Told {
  return JSON.parse(spawnSync(file, args, { argv0, env, encoding: "utf8" }).stdout);
}

describe("which entry is started, with which arguments", () => {
  let telling: string;
  before(() => {
    telling = makeTellingPackage();
  });

  const cases: readonly (readonly [
    argv0: string,
    args: readonly string[],
    program: string,
    first: number,
  ])[] = [
    ["codex", ["exec", "-m", "x", "--", "y"], "codex", 0],
    ["codex", [], "codex", 0],
    ["codex", ["--", "responses-api-proxy", "status"], "codex", 0],
    ["codex", ["hello", "responses-api-proxy", "status"], "codex", 0],
    ["codex", ["-i", "a", "b", "responses-api-proxy", "status"], "codex", 0],
    ["codex", ["-i", "a", "--oss", "responses-api-proxy", "status"], "command", 4],
    ["codex", ["-c", "a=b", "responses-api-proxy", "status", "-x"], "command", 3],
    ["codex", ["exec", "--codex-run-as-apply-patch"], "codex", 0],
    ["codex", ["--codex-run-as-apply-patch", "PATCH"], "apply_patch", 0],
    ["anything", ["--codex-run-as-apply-patch"], "apply_patch", 0],
    ["/x/apply_patch", ["PATCH"], "apply_patch", 0],
    ["applypatch", [], "apply_patch", 0],
    ["apply_patch2", [], "codex", 0],
    ["my-responses-api-proxy", ["status"], "command", 0],
  ];
  for (const [argv0, args, program, first] of cases) {
    test(`${argv0} ${args.join(" ")} is ${program}`, () => {
      const { env: _, ...told } = tell(telling, argv0, args);
      assert.deepEqual(told, { program, args: args.slice(first) });
    });
  }

  test("a proxy takes the word for patches for an option that it does not know", () => {
    const { status, stdout } = spawnSync(telling, ["--codex-run-as-apply-patch"], {
      argv0: "my-responses-api-proxy",
      encoding: "utf8",
    });
    assert.deepEqual({ status, stdout }, { status: 2, stdout: "" });
  });

  const given = {
    PATH: "/bin",
    LD_PRELOAD: "",
    LD_LIBRARY_PATH: "/a:/b",
    DYLD_INSERT_LIBRARIES: "/c",
    NODE_OPTIONS: "--inspect",
    NODE_V8_COVERAGE: "/d",
    OPENSSL_CONF: "/e",
    GLIBC_TUNABLES: "glibc.malloc.check=3",
    GLIBC_TUNABLESX: "stays",
    MALLOC_ARENA_MAX: "1",
    NODEX: "stays",
    EMPTY: "",
    CODEX_HOME: "stays",
    CODEX_LAUNCHER: "made up",
    CODEX_LAUNCHER_HID_PATH: "made up",
    CODEX_LAUNCHER_OPEN_FILES: "1",
    CODEX_LAUNCHER_IGNORED_SIGNALS: "made up",
  };

  test("codex and apply_patch find under another name what would steer Node or the loader, and nothing else is changed", () => {
    const expected = {
      PATH: "/bin",
      CODEX_LAUNCHER_HID_LD_PRELOAD: "",
      CODEX_LAUNCHER_HID_LD_LIBRARY_PATH: "/a:/b",
      CODEX_LAUNCHER_HID_DYLD_INSERT_LIBRARIES: "/c",
      CODEX_LAUNCHER_HID_NODE_OPTIONS: "--inspect",
      CODEX_LAUNCHER_HID_NODE_V8_COVERAGE: "/d",
      CODEX_LAUNCHER_HID_OPENSSL_CONF: "/e",
      CODEX_LAUNCHER_HID_GLIBC_TUNABLES: "glibc.malloc.check=3",
      GLIBC_TUNABLESX: "stays",
      CODEX_LAUNCHER_HID_MALLOC_ARENA_MAX: "1",
      NODEX: "stays",
      EMPTY: "",
      CODEX_HOME: "stays",
      CODEX_LAUNCHER: fs.realpathSync(telling),
    };
    for (const argv0 of ["codex", "apply_patch"]) {
      const {
        CODEX_LAUNCHER_OPEN_FILES: openFiles,
        CODEX_LAUNCHER_IGNORED_SIGNALS: ignoredSignals,
        ...env
      } = tell(telling, argv0, [], given).env;
      assert.match(openFiles ?? "", /^\d+$/);
      assert.match(ignoredSignals ?? "", /^(\d+,?)*$/);
      assert.deepEqual(env, expected);
    }
  });

  test("a command of the proxy gets the environment as it came, without the launcher's words to codex", () => {
    const { NODE_OPTIONS: _, NODE_V8_COVERAGE: __, ...harmless } = given;
    const expected = Object.fromEntries(
      Object.entries(harmless).filter(([name]) => !name.startsWith("CODEX_LAUNCHER")),
    );
    assert.deepEqual(tell(telling, "responses-api-proxy", ["status"], harmless).env, expected);
  });

  test("a command that reads a key gets neither", () => {
    assert.deepEqual(tell(telling, "responses-api-proxy", ["rotate"], given).env, {});
  });
});

describe("what the addon does to the process that loads it", () => {
  const script = `
    require(${JSON.stringify(join(packageRoot, "native/build/hardening.node"))});
    const fs = require("node:fs");
    const core = /Max core file size +(\\S+) +(\\S+)/.exec(fs.readFileSync("/proc/self/limits", "latin1"));
    console.log(JSON.stringify({ names: Object.keys(process.env).sort(), core: core.slice(1) }));
    process.stdin.resume();`;
  const load = (env: Record<string, string>) => {
    const limited = ["-c", 'ulimit -c 4; exec "$0" -e "$1"', process.execPath, script];
    return JSON.parse(execFileSync("/bin/sh", limited, { env, encoding: "utf8", input: "" }));
  };

  test("where the launcher named itself, the environment and the core limit stay", () => {
    const { names, core } = load({ PATH: "/bin", CODEX_LAUNCHER: launcher });
    assert.ok(names.includes("PATH"));
    assert.deepEqual(core, ["2048", "2048"]);
  });

  test("everywhere else nothing of them is left", () => {
    for (const env of [{ PATH: "/bin" }, { PATH: "/bin", CODEX_LAUNCHER_HID_X: "1", XCODEX_LAUNCHER: "1" }]) {
      assert.deepEqual(load(env), { names: [], core: ["0", "0"] });
    }
  });
});
