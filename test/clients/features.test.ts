// Feature flags, side by side with the originals.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { features, findFeature } from "../../agent/features/registry.ts";
import { type Case, inFreshPlace, newest, runSubject, sideBySide } from "./originals.ts";

/** What `features list` prints when the named features have changed sides. */
function listing(...flipped: readonly string[]): string {
  return features
    .map(({ key, stage, isOnByDefault }) => `${key}\t${stage}\t${isOnByDefault !== flipped.includes(key)}\n`)
    .join("");
}

/** The newest prints its own two hundred features, in columns. */
const otherList = "it lists the features of its own version";

function lists(
  title: string,
  args: readonly string[],
  flipped: readonly string[],
  further: Partial<Case> = {},
): Case {
  return {
    title,
    args,
    expect: { code: 0, stdout: listing(...flipped) },
    ...further,
    differs: { newest: otherList, ...further.differs },
  };
}

const listed: readonly Case[] = [
  lists("lists seven features in tab-separated lines, without a header", ["features", "list"], []),
  lists(
    "flips two features by --enable and --disable before the subcommand",
    ["--enable", "web_search_request", "--disable", "view_image_tool", "features", "list"],
    ["web_search_request", "view_image_tool"],
  ),
  lists(
    "flips two features by --enable and --disable after the subcommand",
    ["features", "list", "--enable", "web_search_request", "--disable", "view_image_tool"],
    ["web_search_request", "view_image_tool"],
  ),
  lists(
    "takes --enable between the two words of the subcommand",
    ["features", "--enable=rmcp_client", "list"],
    ["rmcp_client"],
  ),
  lists(
    "takes the same --enable twice",
    ["features", "list", "--enable", "rmcp_client", "--enable", "rmcp_client"],
    ["rmcp_client"],
  ),
  lists(
    "--disable wins over --enable of the same feature, whatever the order",
    ["features", "list", "--disable", "rmcp_client", "--enable", "rmcp_client"],
    [],
  ),
  lists(
    "--disable wins over -c features.x=true that stands after it",
    ["features", "list", "--disable", "rmcp_client", "-c", "features.rmcp_client=true"],
    [],
  ),
  lists(
    "takes -c features.x=true",
    ["features", "list", "-c", "features.unified_exec=true"],
    ["unified_exec"],
  ),
  lists(
    "takes -c with an inline table of features",
    ["-c", "features={unified_exec=true,view_image_tool=false}", "features", "list"],
    ["unified_exec", "view_image_tool"],
  ),
  lists(
    "--search before the subcommand turns the web search on",
    ["--search", "features", "list"],
    ["web_search_request"],
  ),
  lists("reads [features] of config.toml", ["features", "list"], ["unified_exec"], {
    config: "[features]\nunified_exec = true\n",
  }),
  lists("lets a flag win over [features]", ["features", "list", "--disable", "unified_exec"], [], {
    config: "[features]\nunified_exec = true\n",
  }),
  lists(
    "reads the older spellings of the root",
    ["features", "list"],
    [
      "unified_exec",
      "streamable_shell",
      "rmcp_client",
      "apply_patch_freeform",
      "experimental_sandbox_command_assessment",
    ],
    {
      config:
        "experimental_use_unified_exec_tool = true\nexperimental_use_exec_command_tool = true\n" +
        "experimental_use_rmcp_client = true\nexperimental_use_freeform_apply_patch = true\n" +
        "experimental_sandbox_command_assessment = true\n",
    },
  ),
  lists(
    "reads the older spellings of [tools]",
    ["features", "list"],
    ["view_image_tool", "web_search_request"],
    {
      config: "[tools]\nweb_search = true\nview_image = false\n",
    },
  ),
  lists("reads an alias inside [features]", ["features", "list"], ["web_search_request"], {
    config: "[features]\nweb_search = true\n",
  }),
  lists("lets [features] win over an older spelling of the root", ["features", "list"], [], {
    config: "experimental_use_unified_exec_tool = true\n[features]\nunified_exec = false\n",
  }),
  lists(
    "between an alias and its key in one table, the name that sorts last wins",
    ["features", "list"],
    ["unified_exec"],
    {
      config:
        "[features]\nunified_exec = true\nexperimental_use_unified_exec_tool = false\n" +
        "web_search_request = false\nweb_search = true\n",
    },
  ),
  lists("ignores a feature nobody knows in config.toml", ["features", "list"], [], {
    config: "[features]\nnosuch = true\n",
  }),
  lists("reads features of a version to come without a word", ["features", "list"], [], {
    config: "[features]\nshell_tool = true\nghost_commit = false\n",
  }),
  lists(
    "include_apply_patch_tool of the root is an alias as it is in a profile",
    ["features", "list"],
    ["apply_patch_freeform"],
    {
      config: "include_apply_patch_tool = true\n",
      differs: { "0.50": { code: 0, stdout: listing() } },
    },
  ),
];

const profiles = `profile = "quiet"
[features]
unified_exec = true
[profiles.wild]
tools_web_search = true
[profiles.wild.features]
rmcp_client = true
unified_exec = false
[profiles.quiet]
tools_view_image = false
`;
const profileGone = "profiles are files of their own in the newest";
const profiled: readonly Case[] = [
  lists(
    "takes the profile that config.toml names",
    ["features", "list"],
    ["unified_exec", "view_image_tool"],
    {
      config: profiles,
    },
  ),
  lists(
    "takes the profile of -p before the subcommand",
    ["-p", "wild", "features", "list"],
    ["rmcp_client", "web_search_request"],
    { config: profiles },
  ),
  lists(
    "takes -c profile=… as -p",
    ["features", "list", "-c", "profile=wild"],
    ["rmcp_client", "web_search_request"],
    { config: profiles },
  ),
  lists(
    "--enable edits the root, so that the profile that says otherwise wins",
    ["-p", "wild", "features", "list", "--enable", "unified_exec"],
    ["rmcp_client", "web_search_request"],
    { config: profiles },
  ),
  lists(
    "-c that edits the profile itself wins over what the profile says",
    ["-p", "wild", "-c", "profiles.wild.features.rmcp_client=false", "features", "list"],
    ["web_search_request"],
    { config: profiles },
  ),
];
for (const one of profiled) Object.assign(one.differs ?? {}, { newest: profileGone });

const refused: readonly Case[] = [
  {
    title: "refuses an unknown feature of --enable",
    args: ["features", "list", "--enable", "nosuch"],
    expect: { code: 1, stdout: "", stderr: /^Error: Unknown feature flag: nosuch\n/ },
    differs: { "0.50": { code: 0, stdout: listing() } },
  },
  {
    title: "refuses --enable with nothing after it as a usage error",
    args: ["features", "list", "--enable"],
    expect: {
      code: 2,
      stdout: "",
      stderr: /^error: a value is required for '--enable <FEATURE>' but none was supplied\n/,
    },
  },
  {
    title: "refuses an argument that features list does not take",
    args: ["features", "list", "x"],
    expect: { code: 2, stdout: "", stderr: /^error: unexpected argument 'x' found\n/ },
  },
  {
    title: "refuses a subcommand of features that does not exist",
    args: ["features", "bogus"],
    expect: { code: 2, stdout: "", stderr: /^error: unrecognized subcommand 'bogus'\n/ },
  },
  {
    title: "prints the help of features on stderr when no subcommand is given",
    args: ["features"],
    expect: { code: 2, stdout: "", stderr: /Usage: codex features \[OPTIONS\] <COMMAND>/ },
  },
  {
    title: "refuses a feature that is neither on nor off",
    args: ["features", "list", "-c", "features.rmcp_client=yes"],
    expect: { code: 1, stdout: "", stderr: /invalid type: string "yes", expected a boolean/ },
  },
  {
    title: "refuses [features] that is not a table",
    args: ["features", "list"],
    config: "features = 3\n",
    expect: { code: 1, stdout: "", stderr: /invalid type: integer `3`, expected struct FeaturesToml/ },
  },
];

const noSuchCommand = { "0.50": "0.50 has no features enable" };
const written: readonly Case[] = [
  {
    title: "features enable writes the feature into config.toml and says so",
    args: ["features", "enable", "apps"],
    expect: {
      code: 0,
      stdout: "Enabled feature `apps` in config.toml.\n",
      files: { "config.toml": "[features]\napps = true\n" },
    },
    differs: noSuchCommand,
  },
  {
    title: "features disable keeps comments, order and unknown keys",
    args: ["features", "disable", "apps"],
    config: '# mine\nmodel = "o3" # fast\n\n[features]\n# all of them\napps = true # today\nother = false\n',
    expect: {
      code: 0,
      stdout: "Disabled feature `apps` in config.toml.\n",
      files: {
        "config.toml":
          '# mine\nmodel = "o3" # fast\n\n[features]\n# all of them\napps = false # today\nother = false\n',
      },
    },
    differs: noSuchCommand,
  },
  {
    title: "features enable refuses an unknown name and writes nothing",
    args: ["features", "enable", "nosuch"],
    expect: {
      code: 1,
      stdout: "",
      stderr: /^Error: Unknown feature flag: nosuch\n/,
      files: { "config.toml": undefined },
    },
    differs: noSuchCommand,
  },
  {
    title: "features enable resolves an older name to the one of today",
    args: ["features", "enable", "experimental_use_unified_exec_tool"],
    expect: { code: 0, files: { "config.toml": "[features]\nunified_exec = true\n" } },
    differs: { ...noSuchCommand, newest: "it writes the older name" },
  },
  {
    title: "features enable without a name is a usage error",
    args: ["features", "enable"],
    expect: {
      code: 2,
      stdout: "",
      stderr: /^error: the following required arguments were not provided:\n {2}<FEATURE>\n/,
    },
    differs: noSuchCommand,
  },
];

sideBySide("features list", listed);
sideBySide("features of profiles", profiled);
sideBySide("what features refuses", refused);
sideBySide("features enable and disable", written);

describe("names of the newest release", { skip: newest.skip }, () => {
  test("are all known, with the stage and the default that it gives them", async () => {
    const { stdout } = await inFreshPlace((place) =>
      runSubject(newest, { ...place, args: ["features", "list"] }),
    );
    const rows = [...stdout.matchAll(/^(\S+)\s+(.*\S)\s+(true|false)$/gm)];
    assert.ok(rows.length > 100);
    const own = new Set(features.map(({ key }) => key));
    assert.deepEqual(
      rows
        .filter(([, key = ""]) => !own.has(key))
        .map(([, key = "", stage, state]) => ({ key, stage, isOnByDefault: state === "true" })),
      rows
        .filter(([, key = ""]) => !own.has(key))
        .map(([, key = ""]) => {
          const { stage, isOnByDefault } = findFeature(key) ?? {};
          return { key, stage, isOnByDefault };
        }),
    );
  });
});
