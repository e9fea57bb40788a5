import assert from "node:assert/strict";
import fs from "node:fs";
import { join } from "node:path";
import { after, beforeEach, describe, test } from "node:test";
import { features, laterFeatures } from "../../../agent/features/registry.ts";
import { makeFolder, runCodex } from "../codex-process.ts";

const root = makeFolder();
after(() => fs.rmSync(root, { recursive: true, force: true }));
let home = "";
beforeEach(() => {
  home = fs.mkdtempSync(join(root, "home-"));
});

const codex = (...args: readonly string[]) =>
  runCodex({ args, environment: { CODEX_HOME: home }, cwd: root });
const write = (text: string) => fs.writeFileSync(join(home, "config.toml"), text);
const written = () => fs.readFileSync(join(home, "config.toml"), "utf8");

describe("codex features list", () => {
  test("--all adds the features of later versions, with a note at each that has no effect", async () => {
    const { code, stdout, stderr } = await codex("features", "list", "--all", "--enable", "shell_tool");
    const lines = stdout.split("\n").slice(0, -1);
    assert.deepEqual([code, stderr, lines.length], [0, "", features.length + laterFeatures.length]);
    const later = lines.slice(features.length);
    assert.deepEqual(
      later.filter((line) => !/^\S+\t[a-z ]+\t(true|false)\tno effect in this version$/.test(line)),
      ["enable_request_compression\tstable\ttrue"],
    );
    assert.ok(later.includes("shell_tool\tstable\ttrue\tno effect in this version"));
  });

  test("says once on stderr that an older spelling is deprecated, wherever it is used", async () => {
    write("experimental_use_rmcp_client = true\n[profiles.p]\nexperimental_use_rmcp_client = true\n");
    const { stdout, stderr } = await codex("-p", "p", "features", "list");
    assert.match(stdout, /^rmcp_client\texperimental\ttrue$/m);
    assert.equal(
      stderr,
      "warning: `experimental_use_rmcp_client` is deprecated. Use `[features].rmcp_client` instead.\n",
    );
  });

  test("says nothing of features that later versions know", async () => {
    write("[features]\nshell_tool = true\ngoals = false\n[features.multi_agent_v2]\nenabled = true\n");
    const { code, stderr } = await codex("features", "list");
    assert.deepEqual([code, stderr], [0, ""]);
  });

  test("names the feature that was meant when a flag is misspelt", async () => {
    const { code, stdout, stderr } = await codex("--disable", "unified-exec", "features", "list");
    assert.deepEqual(
      [code, stdout, stderr],
      [1, "", "Error: Unknown feature flag: unified-exec\nhint: did you mean unified_exec?\n"],
    );
  });

  test("says which command prints the names when a flag is like none of them", async () => {
    const { code, stdout, stderr } = await codex("--enable", "zzzzzzzz", "features", "list");
    assert.deepEqual(
      [code, stdout, stderr],
      [1, "", "Error: Unknown feature flag: zzzzzzzz\nhint: codex features list --all prints the names\n"],
    );
  });
});

describe("codex features enable and disable", () => {
  test("leave a file alone in which features, or the profile, are something else", async () => {
    const refused = async (text: string, ...args: readonly string[]) => {
      write(text);
      const { code, stdout, stderr } = await codex("features", "enable", "unified_exec", ...args);
      assert.deepEqual([code, stdout, written()], [1, "", text]);
      return stderr.replaceAll(home, "HOME").split("\n").slice(0, 2).join("\n");
    };
    fs.writeFileSync(join(home, "file.config.toml"), 'model = "o3"\n');
    const typed = "Error: invalid type: integer `3`, expected";
    assert.deepEqual(
      [
        await refused("features = 3\n"),
        await refused("[features]\nunified_exec = 3\n"),
        await refused("[profiles]\np = 3\n", "-p", "p"),
        await refused("[profiles.p]\nfeatures = 3\n", "-p", "p"),
        await refused("profiles = 3\n", "-p", "p"),
        await refused("", "-p", "typo"),
        await refused("", "-p", "file"),
      ],
      [
        `${typed} struct FeaturesToml\nin \`features\``,
        `${typed} a boolean\nin \`features\``,
        `${typed} struct ConfigProfile\nin \`profiles.p\``,
        `${typed} struct FeaturesToml\nin \`profiles.p.features\``,
        `${typed} a map\nin \`profiles\``,
        "Error: config profile `typo` not found in config.toml\n",
        "Error: config profile `file` not found in config.toml\nhint: it is a file of its own: edit HOME/file.config.toml",
      ],
    );
    write("model = 3\n");
    assert.equal((await codex("features", "enable", "unified_exec")).code, 0);
  });

  test("--profile, and -p before the subcommand, write the profile's table", async () => {
    write('[profiles.p]\nmodel = "o3"\n');
    const { stdout } = await codex("features", "enable", "unified_exec", "--profile", "p");
    await codex("-p", "p", "features", "disable", "view_image_tool");
    assert.equal(stdout, "Enabled feature `unified_exec` in config.toml.\n");
    assert.equal(
      written(),
      '[profiles.p]\nmodel = "o3"\n\n[profiles.p.features]\nunified_exec = true\nview_image_tool = false\n',
    );
  });

  test("take the alias of a feature away, which would win over it", async () => {
    write("[features]\ninclude_apply_patch_tool = false\n");
    await codex("features", "enable", "apply_patch_freeform");
    assert.equal(written(), "[features]\napply_patch_freeform = true\n");
    const { stdout } = await codex("features", "list");
    assert.match(stdout, /^apply_patch_freeform\tbeta\ttrue$/m);
  });

  test("say of a feature of a later version that it changes nothing here", async () => {
    const { code, stdout, stderr } = await codex("features", "enable", "collab");
    assert.deepEqual(
      [code, stdout, stderr, written()],
      [
        0,
        "Enabled feature `multi_agent` in config.toml.\n",
        "note: `multi_agent` is a feature of later versions and changes nothing in this one\n",
        "[features]\nmulti_agent = true\n",
      ],
    );
  });

  test("leave a config.toml alone that is not TOML", async () => {
    write("model = \n");
    const { code, stderr } = await codex("features", "enable", "unified_exec");
    assert.deepEqual([code, written()], [1, "model = \n"]);
    assert.match(stderr, /^Error: TOML parse error at line 1, column 9\n/);
    assert.doesNotMatch(stderr, /\n\s+at /);
  });

  test("write for the owner alone", async () => {
    await codex("features", "enable", "unified_exec");
    assert.equal(fs.statSync(join(home, "config.toml")).mode & 0o777, 0o600);
  });
});
