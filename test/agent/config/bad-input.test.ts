// Whatever stands where config.toml is expected, there is one clear error, nothing hangs and nothing is
// written.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import fs from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, test } from "node:test";
import { editConfig } from "../../../agent/config/edit.ts";
import { Home } from "./home.ts";

let home: Home;
beforeEach(() => {
  home = new Home();
});
afterEach(() => home.remove());

async function isRefusedUnchanged(message: string): Promise<void> {
  const path = join(home.path, "config.toml");
  assert.equal((await home.refusal()).message, message);
  const before = fs.lstatSync(path);
  await assert.rejects(editConfig(home.path, [{ path: ["model"], value: "x" }]), { name: "ConfigError" });
  const after = fs.lstatSync(path);
  assert.deepEqual([after.ino, after.size, after.mode], [before.ino, before.size, before.mode]);
  assert.deepEqual(fs.readdirSync(home.path), ["config.toml"]);
}

describe("config.toml that is", () => {
  const path = (): string => join(home.path, "config.toml");

  test("a folder", async () => {
    fs.mkdirSync(path());
    await isRefusedUnchanged("cannot read HOME/config.toml: it is a folder");
  });

  test("a FIFO", async () => {
    assert.equal(spawnSync("mkfifo", [path()]).status, 0);
    await isRefusedUnchanged("cannot read HOME/config.toml: it is not a regular file");
  });

  test("a device", async () => {
    fs.symlinkSync("/dev/zero", path());
    await isRefusedUnchanged("cannot read HOME/config.toml: it is not a regular file");
  });

  test("a link to itself", async () => {
    fs.symlinkSync("config.toml", path());
    await isRefusedUnchanged("cannot read HOME/config.toml: too many symbolic links");
  });

  test("too large", async () => {
    fs.writeFileSync(path(), "");
    fs.truncateSync(path(), 4 * 1024 * 1024 + 1);
    await isRefusedUnchanged("cannot read HOME/config.toml: it is larger than 4194304 bytes");
  });

  test("not UTF-8", async () => {
    home.write(Buffer.from('model = "\xff"\n', "latin1"));
    await isRefusedUnchanged("cannot read HOME/config.toml: it is not UTF-8");
  });

  test("UTF-16", async () => {
    home.write(Buffer.from('\ufeffmodel = "x"\n', "utf16le"));
    await isRefusedUnchanged("cannot read HOME/config.toml: it is not UTF-8");
  });

  test("with a NUL", async () => {
    home.write('model = "\0"\n');
    await isRefusedUnchanged("cannot read HOME/config.toml: it has a NUL character");
  });

  test("a key twice", async () => {
    home.write('model = "a"\nmodel = "b"\n');
    const picture = '  |\n2 | model = "b"\n  | ^\n';
    await isRefusedUnchanged(
      `TOML parse error at line 2, column 1\n${picture}trying to redefine an already defined table or value\nin HOME/config.toml`,
    );
  });

  test("brackets nested without end, in a value, a key and a heading", async () => {
    for (const text of [
      `x = ${"[".repeat(200_000)}`,
      `x = ${"[".repeat(500)}${"]".repeat(500)}`,
      `x = ${"{a=".repeat(500)}1${"}".repeat(500)}`,
      `${"a.".repeat(100_000)}a = 1`,
      `[${"a.".repeat(100_000)}a]`,
    ]) {
      home.write(text);
      const { code, message } = await home.refusal();
      assert.equal(code, "CONFIG_NOT_TOML");
      assert.match(message, /^TOML parse error at line 1, column \d+\n/);
    }
  });

  test("not readable for this user", {
    skip: process.geteuid?.() !== 0 && "needs root to become another",
  }, () => {
    home.write("");
    fs.chmodSync(path(), 0o000);
    for (const folder of [join(home.path, ".."), home.path]) fs.chmodSync(folder, 0o755);
    const script = `
      const { loadConfig } = await import(${JSON.stringify(new URL("../../../agent/config/load.js", import.meta.url))});
      process.seteuid(65534);
      const request = { environment: { CODEX_HOME: ${JSON.stringify(home.path)} }, cwd: "/", overrides: [], flags: {} };
      await loadConfig(request).catch((error) => console.log(error.message));`;
    const { stdout } = spawnSync(process.execPath, ["--input-type=module", "-e", script], {
      encoding: "utf8",
    });
    assert.equal(stdout, `cannot read ${path()}: permission denied\n`);
  });
});

test("a BOM, CRLF and a missing last newline are part of a good file", async () => {
  home.write('\ufeff# é\r\nmodel = "x"\r\n[history]\r\nmax_bytes = 7');
  const { config, warnings } = await home.load();
  assert.deepEqual([config.model, config.historyMaxBytes, warnings], ["x", 7, []]);
});

test("values that no key takes are refused by what they are, all at once", async () => {
  home.write(`model = 1979-05-27
review_model = inf
notify = ["x", 3]
project_doc_max_bytes = -1
model_context_window = 9007199254740993
model_max_output_tokens = 1.0
hide_agent_reasoning = "yes"
features = [1]
mcp_servers = "x"
[tui]
notifications = 3
[history]
persistence = "x"
`);
  const { message } = await home.refusal();
  assert.deepEqual(
    message.split("\n\n").map((block) => block.split("\n").slice(0, 3)),
    [
      ["invalid type: datetime, expected a string", "in `model`", "  --> HOME/config.toml:1:9"],
      [
        "invalid type: floating point `Infinity`, expected a string",
        "in `review_model`",
        "  --> HOME/config.toml:2:16",
      ],
      ["invalid type: integer `3`, expected a string", "in `notify`", "  --> HOME/config.toml:3:10"],
      [
        "invalid value: integer `-1`, expected usize",
        "in `project_doc_max_bytes`",
        "  --> HOME/config.toml:4:25",
      ],
      [
        "invalid value: integer `9007199254740993`, expected i64",
        "in `model_context_window`",
        "  --> HOME/config.toml:5:24",
      ],
      [
        "invalid type: floating point `1`, expected i64",
        "in `model_max_output_tokens`",
        "  --> HOME/config.toml:6:27",
      ],
      [
        'invalid type: string "yes", expected a boolean',
        "in `hide_agent_reasoning`",
        "  --> HOME/config.toml:7:24",
      ],
      [
        "invalid type: sequence, expected struct FeaturesToml",
        "in `features`",
        "  --> HOME/config.toml:8:12",
      ],
      ['invalid type: string "x", expected a map', "in `mcp_servers`", "  --> HOME/config.toml:9:15"],
      [
        "data did not match any variant of untagged enum Notifications",
        "in `tui.notifications`",
        "  --> HOME/config.toml:11:17",
      ],
      [
        "unknown variant `x`, expected `save-all` or `none`",
        "in `history.persistence`",
        "  --> HOME/config.toml:13:15",
      ],
    ],
  );
});

test("a mistake of -c names the argument, and one in a file that -c puts right is none", async () => {
  home.write("model = 3\n");
  assert.equal((await home.load({ overrides: ["model=x"] })).config.model, "x");
  home.write('model = "x"\n');
  assert.deepEqual(await home.refusal({ overrides: ["model=3"] }), {
    code: "CONFIG_INVALID",
    message: "invalid type: integer `3`, expected a string\nin `model`\n  --> -c model=3",
  });
});

test("no error shows a secret, whether the file is broken or the value of a wrong kind", async () => {
  const secrets = "s3cr3t-value";
  const texts = [
    `[model_providers.x]\nname = "x"\nexperimental_bearer_token = "${secrets}`,
    `[model_providers.x]\nname = "x"\nexperimental_bearer_token = ["${secrets}"]\n`,
    `[model_providers.x]\nname = "x"\nhttp_headers = "${secrets}"\n`,
    `[model_providers.x.http_headers]\nx-y = "${secrets}\n`,
    `[model_providers.x]\nname = "x"\nhttp_headers = { a = 1, b = "${secrets}" }\n`,
    `[mcp_servers.x]\nurl = "http://h"\nbearer_token = "${secrets}"\n`,
    `[mcp_servers.x]\ncommand = "c"\n[mcp_servers.x.env]\nA = ${secrets}\n`,
    `[mcp_servers.x]\ncommand = "c"\nenv = { A = "${secrets}", B = 3 }\n`,
    `[mcp_servers.x]\ncommand = "c"\nenv = { A = "${secrets}", }x\n`,
    `[shell_environment_policy]\nset = ["${secrets}"]\n`,
    `[shell_environment_policy]\nset = { A = """\n${secrets}""" } x\n`,
    `mcp_servers.x.env = { A = "${secrets}" } x\n`,
    `[shell_environment_policy.set]\nA = """\n${secrets}\n""" x\n`,
    `OPENAI_API_KEY = ${secrets}\n`,
    `api_key = "${secrets}"\nmodel = 3 # api_key is ${secrets}\n`,
  ];
  for (const text of texts) {
    home.write(text);
    const { message } = await home.refusal();
    assert.ok(!message.includes(secrets), message);
  }
  home.write("");
  for (const argument of [
    `model_providers.x={ name = 3, experimental_bearer_token = "${secrets}" }`,
    `model_providers.x.experimental_bearer_token=["${secrets}"]`,
    `mcp_servers.x.env={A=3, B="${secrets}"}`,
  ]) {
    const { message } = await home.refusal({ overrides: [argument] });
    assert.ok(!message.includes(secrets), message);
  }
});

test("what a terminal would obey is not sent to it", async () => {
  home.write("model = 3 # \u009b31m\u001b\n");
  const { message } = await home.refusal();
  assert.match(message, /TOML parse error|invalid type/);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: those are meant
  assert.doesNotMatch(message, /[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/);
});

describe("CODEX_HOME that is", () => {
  test("missing is an error in the words of the original", async () => {
    assert.deepEqual(await home.refusal({ environment: { CODEX_HOME: `${home.path}/missing` } }), {
      code: "CONFIG_HOME_MISSING",
      message: "No such file or directory (os error 2)",
    });
  });

  test("a file is an error", async () => {
    const path = home.write("");
    assert.equal(
      (await home.refusal({ environment: { CODEX_HOME: path } })).message,
      "Not a directory (os error 20)",
    );
  });

  test("empty is none, and the home folder's counts", async () => {
    const { config } = await home.load({ environment: { CODEX_HOME: "", HOME: home.work } });
    assert.equal(config.codexHome, join(home.work, ".codex"));
    assert.deepEqual(fs.readdirSync(home.work), []);
  });

  test("a link leads to its folder", async () => {
    fs.symlinkSync(home.path, join(home.work, "link"));
    const { config } = await home.load({ environment: { CODEX_HOME: join(home.work, "link") } });
    assert.equal(config.codexHome, home.path);
  });
});
