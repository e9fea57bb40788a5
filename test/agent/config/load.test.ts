// What the layers of a configuration come to.

import assert from "node:assert/strict";
import fs from "node:fs";
import { userInfo } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, test } from "node:test";
import { Home, type LoadRequest } from "./home.ts";

let home: Home;
beforeEach(() => {
  home = new Home();
});
afterEach(() => home.remove());

const profiled = `
model = "root-model"
model_reasoning_effort = "high"
[profiles.p1]
model = "o3"
`;

describe("precedence", () => {
  const cases: readonly (readonly [string, LoadRequest, unknown])[] = [
    ["the file's root keys hold", {}, ["root-model", "high", undefined]],
    ["a profile wins over the root", { flags: { profile: "p1" } }, ["o3", "high", "p1"]],
    [
      "a profile wins over a root key edited by -c",
      { flags: { profile: "p1" }, overrides: ["model=gpt-5"] },
      ["o3", "high", "p1"],
    ],
    [
      "-c reaches into the profile by its path",
      { flags: { profile: "p1" }, overrides: ["profiles.p1.model_reasoning_effort=low"] },
      ["o3", "low", "p1"],
    ],
    [
      "a dedicated flag wins over the profile and -c",
      { flags: { profile: "p1", model: "gpt-5" }, overrides: ["profiles.p1.model=x"] },
      ["gpt-5", "high", "p1"],
    ],
    ["-c profile selects a profile", { overrides: ["profile=p1"] }, ["o3", "high", "p1"]],
    [
      "-p wins over -c profile",
      { overrides: ["profile=p1", "profiles.p2.model=m2"], flags: { profile: "p2" } },
      ["m2", "high", "p2"],
    ],
    [
      "-c makes a profile that no file has",
      { overrides: ["profiles.n={model='n'}", "profile=n"] },
      ["n", "high", "n"],
    ],
    ["the last -c wins", { overrides: ["model=a", "model=b"] }, ["b", "high", undefined]],
  ];
  for (const [title, request, expected] of cases) {
    test(title, async () => {
      home.write(profiled);
      const { config } = await home.load(request);
      assert.deepEqual([config.model, config.modelReasoningEffort, config.profile], expected);
    });
  }

  test("a profile in a file of its own lies between config.toml and -c, and a table of that name goes first", async () => {
    home.write('model = "root"\nreview_model = "r"\n');
    home.write('model = "own"\nmodel_verbosity = "low"\n', "quick.config.toml");
    const flags = { profile: "quick" };
    const { config } = await home.load({ flags });
    assert.deepEqual(
      [config.profile, config.model, config.modelVerbosity, config.reviewModel],
      ["quick", "own", "low", "r"],
    );
    assert.equal((await home.load({ flags, overrides: ["model=c"] })).config.model, "c");
    assert.equal((await home.load({ flags, overrides: ["profiles.quick={}"] })).config.model, "root");
  });

  test("whoever names a profile that is not there learns which there are, or where one is written", async () => {
    const request = { flags: { profile: "no pe" } };
    await assert.rejects(home.load(request), {
      code: "CONFIG_PROFILE_NOT_FOUND",
      hint: 'add a table [profiles."no pe"] to config.toml',
    });
    home.write('[profiles.fast]\nmodel = "a"\n[profiles."at work"]\nmodel = "b"\n');
    await assert.rejects(home.load(request), { hint: 'config.toml has fast, "at work"' });
  });

  test("the name of a profile leads to no file outside of CODEX_HOME", async () => {
    home.write('model = "outside"\n', "../work/x.config.toml");
    assert.deepEqual(await home.refusal({ flags: { profile: "../work/x" } }), {
      code: "CONFIG_PROFILE_NOT_FOUND",
      message: "config profile `../work/x` not found",
    });
  });
});

describe("sandbox and approvals", () => {
  const cases: readonly (readonly [string, LoadRequest, unknown])[] = [
    ["", {}, ["on-request", "read-only", false]],
    ['[projects."WORK"]\ntrust_level = "trusted"', {}, ["on-request", "workspace-write", false]],
    ['[projects."WORK"]\ntrust_level = "untrusted"', {}, ["untrusted", "read-only", false]],
    ['[projects."WORK"]\ntrust_level = "Trusted"', {}, ["untrusted", "read-only", false]],
    ['sandbox_mode = "danger-full-access"', {}, ["on-request", "danger-full-access", true]],
    ['approval_policy = "never"', {}, ["never", "read-only", true]],
    ["approval_policy = { granular = { rules = true } }", {}, ["on-request", "read-only", true]],
    [
      'sandbox_mode = "danger-full-access"',
      { flags: { fullAuto: true } },
      ["on-request", "workspace-write", true],
    ],
    ["", { flags: { fullAuto: true, sandboxMode: "read-only" } }, ["on-request", "workspace-write", true]],
    ["", { flags: { fullAuto: true, approvalPolicy: "never" } }, ["never", "workspace-write", true]],
    ['approval_policy = "untrusted"', { flags: { bypass: true } }, ["never", "danger-full-access", true]],
    [
      'approval_policy = "untrusted"',
      { flags: { approvalPolicy: "on-failure" } },
      ["on-failure", "read-only", true],
    ],
    [
      'sandbox_mode = "read-only"\n[profiles.p]\nsandbox_mode = "workspace-write"',
      { flags: { profile: "p" } },
      ["on-request", "workspace-write", true],
    ],
  ];
  for (const [text, request, expected] of cases) {
    test(`${JSON.stringify(text)} with ${JSON.stringify(request.flags ?? {})}`, async () => {
      home.write(text.replace("WORK", home.work));
      const { config } = await home.load(request);
      assert.deepEqual(
        [config.approvalPolicy, config.sandboxMode, config.approvalOrSandboxIsExplicit],
        expected,
      );
    });
  }

  test("a writable root below ~ is never one of the file system's own, even where HOME is empty", async () => {
    home.write('[sandbox_workspace_write]\nwritable_roots = ["~/c"]\n');
    const { config } = await home.load({ environment: { HOME: "" } });
    assert.deepEqual(config.workspaceWrite.writableRoots, [join(userInfo().homedir, "c")]);
  });

  test("writable roots are absolute: from CODEX_HOME in a file, from the working directory on the command line", async () => {
    home.write('[sandbox_workspace_write]\nwritable_roots = ["/a", "b", "~/c"]\nnetwork_access = true\n');
    const root = dirname(home.path);
    const { config } = await home.load({ flags: { addDirs: ["d", "/e"] } });
    assert.deepEqual(config.workspaceWrite, {
      writableRoots: ["/a", join(home.path, "b"), join(root, "c"), join(home.work, "d"), "/e"],
      networkAccess: true,
      excludeTmpdirEnvVar: false,
      excludeSlashTmp: false,
    });
    const overrides = ['sandbox_workspace_write.writable_roots=["x"]'];
    assert.deepEqual((await home.load({ overrides })).config.workspaceWrite.writableRoots, [
      join(home.work, "x"),
    ]);
  });
});

describe("keys", () => {
  test("a key that no version knows is warned of with its line and the key that was meant", async () => {
    home.write('modle = "x"\n[tui]\nnotificatons = true\n[zzzzzzz]\nx = 1\n');
    const { warnings } = await home.load({ overrides: ["sandbox-mode=read-only"] });
    assert.deepEqual(
      warnings.map((text) => text.replaceAll(home.path, "HOME")),
      [
        "unknown key `modle` in HOME/config.toml:1; did you mean `model`?",
        "unknown key `tui.notificatons` in HOME/config.toml:3; did you mean `tui.notifications`?",
        "unknown key `zzzzzzz` in HOME/config.toml:4",
        "unknown key `sandbox-mode` in -c sandbox-mode=read-only; did you mean `sandbox_mode`?",
      ],
    );
  });

  test("--strict-config makes all of them one error", async () => {
    home.write('modle = "x"\nzzzzzzz = 1\n');
    assert.deepEqual(await home.refusal({ isStrict: true }), {
      code: "CONFIG_UNKNOWN_KEYS",
      message: [
        "unknown configuration field `modle`",
        "  --> HOME/config.toml:1:1",
        "  |",
        '1 | modle = "x"',
        "  | ^",
        "did you mean `model`?",
        "",
        "unknown configuration field `zzzzzzz`",
        "  --> HOME/config.toml:2:1",
        "  |",
        "2 | zzzzzzz = 1",
        "  | ^",
      ].join("\n"),
    });
  });

  test("a file as later versions leave it behind is loaded without a word, even strictly", async () => {
    home.write(`
model = "gpt-5.5"
model_reasoning_effort = "xhigh"
personality = "pragmatic"
service_tier = "fast"
web_search = "live"
[features]
multi_agent = true
hooks = true
[notice]
hide_full_access_warning = true
"hide_gpt-5.1-codex-max_migration_prompt" = true
[notice.model_migrations]
"gpt-5" = "gpt-5.1"
[tui]
status_line = ["model"]
theme = "x"
[tui.model_availability_nux]
"gpt-5.5" = 4
[projects."/srv/x"]
trust_level = "trusted"
[marketplaces.m]
source = "x"
[plugins."a@b"]
enabled = true
[mcp_servers.node_repl]
command = "n"
[mcp_servers.node_repl.tools.js]
approval_mode = "approve"
[windows]
sandbox = "elevated"
[otel]
environment = "dev"
[memories]
generate_memories = true
[[skills.config]]
path = "/x"
enabled = false
`);
    assert.deepEqual((await home.load({ isStrict: true })).warnings, []);
  });
});

test("--proxy wins over -c, -c over CODEX_PROXY, that over the file; an empty flag means no proxy", async () => {
  home.write('proxy = "file"\n');
  const proxy = async (flags: LoadRequest["flags"], variable?: string, ...overrides: string[]) =>
    (await home.load({ flags: flags ?? {}, environment: { CODEX_PROXY: variable }, overrides })).config.proxy;
  assert.deepEqual(
    [
      await proxy({ proxy: "flag" }, "variable", "proxy=argument"),
      await proxy({}, "variable", "proxy=argument"),
      await proxy({}, "variable"),
      await proxy({}, ""),
      await proxy({}),
      await proxy({ proxy: "" }, "variable"),
    ],
    ["flag", "argument", "variable", "file", "file", undefined],
  );
});

test("the instructions file is read with the configuration, and has to say something", async () => {
  fs.writeFileSync(join(home.work, "pirate.md"), "\n  Be a pirate.\n\n");
  home.write(" \n", "blank.md");
  home.write("Be later.", "later.md");
  const text = async (config: string, ...overrides: string[]) => {
    home.write(config);
    try {
      return (await home.load({ overrides })).config.experimentalInstructions;
    } catch (error) {
      return (error as Error).message.replaceAll(home.path, "HOME").replaceAll(home.work, "WORK");
    }
  };
  const missing = "No such file or directory (os error 2)";
  assert.deepEqual(
    [
      await text(""),
      await text('experimental_instructions_file = "pirate.md"'),
      await text('model_instructions_file = "later.md"'),
      await text('model_instructions_file = "later.md"', "model_instructions_file=pirate.md"),
      await text('experimental_instructions_file = "pirate.md"\nmodel_instructions_file = "later.md"'),
      await text('experimental_instructions_file = "nowhere.md"'),
      await text('model_instructions_file = "nowhere.md"'),
      await text(`experimental_instructions_file = "${home.path}/blank.md"`),
      await text(`experimental_instructions_file = "${home.path}"`),
      await text('[profiles.p]\nexperimental_instructions_file = "nowhere.md"'),
      await text('[profiles.p]\nexperimental_instructions_file = "nowhere.md"', "profile=p"),
    ],
    [
      undefined,
      "Be a pirate.",
      "Be later.",
      "Be a pirate.",
      "Be a pirate.",
      `failed to read experimental instructions file WORK/nowhere.md: ${missing}`,
      `failed to read model instructions file HOME/nowhere.md: ${missing}`,
      "experimental instructions file is empty: HOME/blank.md",
      "failed to read experimental instructions file HOME: it is a folder",
      undefined,
      `failed to read experimental instructions file WORK/nowhere.md: ${missing}`,
    ],
  );
});

test("forced workspaces are one or several, and blank ones are none", async () => {
  const ids = async (value: string) => {
    home.write(`forced_chatgpt_workspace_id = ${value}\n`);
    return (await home.load()).config.forcedChatgptWorkspaceIds;
  };
  assert.deepEqual(
    [await ids('"a"'), await ids('["a", " b "]'), await ids('" "'), await ids('["", "a"]'), await ids("[]")],
    [["a"], ["a", "b"], undefined, ["a"], undefined],
  );
});

test("without a file everything has its default", async () => {
  const { config, warnings } = await home.load({
    environment: { HOME: "/nonexistent", CODEX_HOME: undefined },
  });
  assert.deepEqual(
    {
      home: config.codexHome,
      cwd: config.cwd,
      model: config.model,
      bytes: config.projectDocMaxBytes,
      shell: { ...config.shellEnvironmentPolicy, set: {} },
      warnings,
    },
    {
      home: "/nonexistent/.codex",
      cwd: home.work,
      model: "gpt-5-codex",
      bytes: 32_768,
      shell: {
        inherit: "all",
        ignoreDefaultExcludes: false,
        exclude: [],
        set: {},
        includeOnly: [],
        useProfile: false,
      },
      warnings: [],
    },
  );
});

test("--cd must be a folder that exists", async () => {
  assert.equal((await home.load({ flags: { cd: "../home" } })).config.cwd, home.path);
  assert.equal(
    (await home.refusal({ flags: { cd: "missing" } })).message,
    "cannot work in ROOT/work/missing: there is no such folder",
  );
  fs.writeFileSync(join(home.work, "file"), "");
  assert.equal(
    (await home.refusal({ flags: { cd: "file" } })).message,
    "cannot work in ROOT/work/file: it is not a folder",
  );
});
