import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import type { TomlTable } from "../../../agent/config/config.ts";
import { features } from "../../../agent/features/registry.ts";
import { type FeatureSetting, foldFeatures, resolveFeatures } from "../../../agent/features/resolve.ts";

interface Outcome {
  /** features whose state is not the default */
  readonly flipped: readonly string[];
  readonly warnings: readonly string[];
}

function resolve(root: TomlTable, profile?: TomlTable, flags: { search?: boolean } = {}): Outcome {
  const warnings: string[] = [];
  const set = resolveFeatures({ root, profile, flags }, (message) => warnings.push(message));
  const flipped = features
    .filter(({ key, isOnByDefault }) => set.isEnabled(key) !== isOnByDefault)
    .map(({ key }) => key);
  return { flipped, warnings };
}

const deprecated = (name: string, key: string): string =>
  `\`${name}\` is deprecated. Use \`[features].${key}\` instead.`;

describe("where a feature is named", () => {
  test("nothing said leaves the defaults, and a name nobody registered is off", () => {
    assert.deepEqual(resolve({}), { flipped: [], warnings: [] });
    assert.equal(resolveFeatures({ root: {}, flags: {} }, () => {}).isEnabled("nosuch"), false);
  });

  test("[features] switches by key, silently", () => {
    assert.deepEqual(resolve({ features: { view_image_tool: false, rmcp_client: true } }), {
      flipped: ["rmcp_client", "view_image_tool"],
      warnings: [],
    });
  });

  const legacy: readonly (readonly [TomlTable, string, string])[] = [
    [{ experimental_use_exec_command_tool: true }, "experimental_use_exec_command_tool", "streamable_shell"],
    [{ experimental_use_unified_exec_tool: true }, "experimental_use_unified_exec_tool", "unified_exec"],
    [{ experimental_use_rmcp_client: true }, "experimental_use_rmcp_client", "rmcp_client"],
    [
      { experimental_use_freeform_apply_patch: true },
      "experimental_use_freeform_apply_patch",
      "apply_patch_freeform",
    ],
    [{ include_apply_patch_tool: true }, "include_apply_patch_tool", "apply_patch_freeform"],
    [{ include_view_image_tool: false }, "include_view_image_tool", "view_image_tool"],
    [{ web_search: true }, "web_search", "web_search_request"],
    [{ tools_web_search: true }, "tools_web_search", "web_search_request"],
    [{ tools_view_image: false }, "tools_view_image", "view_image_tool"],
    [{ tools: { web_search: true } }, "tools.web_search", "web_search_request"],
    [{ tools: { web_search_request: true } }, "tools.web_search_request", "web_search_request"],
    [{ tools: { view_image: false } }, "tools.view_image", "view_image_tool"],
    [{ features: { web_search: true } }, "web_search", "web_search_request"],
    [{ features: { include_apply_patch_tool: true } }, "include_apply_patch_tool", "apply_patch_freeform"],
  ];
  for (const [table, name, key] of legacy) {
    test(`the older spelling ${JSON.stringify(table)} means ${key} and is called deprecated`, () => {
      const expected = { flipped: [key], warnings: [deprecated(name, key)] };
      assert.deepEqual(resolve(table), expected, "in the root");
      assert.deepEqual(resolve({}, table), expected, "in a profile");
    });
  }

  test("a spelling that is used in root and profile is called deprecated once", () => {
    const table = { experimental_use_rmcp_client: true };
    assert.deepEqual(resolve(table, table).warnings, [
      deprecated("experimental_use_rmcp_client", "rmcp_client"),
    ]);
  });

  test("a legacy key that bears the feature's own name is not called deprecated", () => {
    assert.deepEqual(resolve({ experimental_sandbox_command_assessment: true }), {
      flipped: ["experimental_sandbox_command_assessment"],
      warnings: [],
    });
  });

  test("settings of later versions are taken in their later shapes, without a word", () => {
    const set: { isEnabled(key: string): boolean } = resolveFeatures(
      {
        root: {
          web_search: "live",
          tools: { web_search: { context_size: "low" } },
          features: {
            shell_tool: false,
            connectors: false,
            multi_agent_v2: { enabled: true, max_threads: 3 },
            apps: { limit: 3 },
          },
        },
        flags: {},
      },
      (message) => assert.fail(message),
    );
    assert.deepEqual(
      ["shell_tool", "apps", "multi_agent_v2", "web_search_request"].map((key) => set.isEnabled(key)),
      [false, false, true, true],
    );
  });

  test("a name that no version knows is warned about, with the one that was meant", () => {
    assert.deepEqual(resolve({ features: { unified_exce: true, nosuch: true } }), {
      flipped: [],
      warnings: [
        "unknown feature `nosuch` in [features]",
        "unknown feature `unified_exce` in [features]; did you mean `unified_exec`?",
      ],
    });
  });
});

describe("which layer wins", () => {
  test("from the defaults to the flags, each layer takes the word from the one below", () => {
    const layers: readonly (readonly [string, TomlTable, TomlTable | undefined, { search?: boolean }])[] = [
      ["root legacy", { tools: { web_search: true } }, undefined, {}],
      [
        "root features",
        { tools: { web_search: false }, features: { web_search_request: true } },
        undefined,
        {},
      ],
      ["profile legacy", { features: { web_search_request: false } }, { tools_web_search: true }, {}],
      [
        "profile features",
        { features: { web_search_request: false } },
        { tools_web_search: false, features: { web_search_request: true } },
        {},
      ],
      ["flags", {}, { features: { web_search_request: false } }, { search: true }],
    ];
    assert.deepEqual(
      layers.map(([name, root, profile, flags]) => [name, resolve(root, profile, flags).flipped]),
      layers.map(([name]) => [name, ["web_search_request"]]),
    );
  });

  test("a key and its alias in one table are taken by name, in whatever order they are written", () => {
    assert.deepEqual(resolve({ features: { web_search_request: true, web_search: false } }).flipped, [
      "web_search_request",
    ]);
    assert.deepEqual(resolve({ features: { web_search: true, web_search_request: false } }).flipped, []);
  });

  const setting = fc.record<FeatureSetting>({
    key: fc.constantFrom(...features.map(({ key }) => key)),
    isOn: fc.boolean(),
  });
  const layer = fc.array(setting, { maxLength: 6 });

  test("resolving is a fold: whatever the layers, the last one that names a feature decides", () => {
    fc.assert(
      fc.property(fc.array(layer, { maxLength: 6 }), (layers) => {
        const set = foldFeatures(layers);
        for (const { key, isOnByDefault } of features) {
          const last = layers.flat().findLast((one) => one.key === key);
          assert.equal(set.isEnabled(key), last?.isOn ?? isOnByDefault, key);
        }
      }),
    );
  });

  test("a layer that is said twice changes nothing, and one without settings neither", () => {
    const states = (layers: FeatureSetting[][]) =>
      features.map(({ key }) => foldFeatures(layers).isEnabled(key));
    fc.assert(
      fc.property(fc.array(layer, { maxLength: 4 }), layer, (layers, last) => {
        assert.deepEqual(states([...layers, last, [], last]), states([...layers, last]));
      }),
    );
  });

  test("tables of root and profile are folded as layers are: the profile decides where it speaks", () => {
    const table = fc.dictionary(fc.constantFrom(...features.map(({ key }) => key)), fc.boolean());
    fc.assert(
      fc.property(table, table, (root, profile) => {
        const set = resolveFeatures(
          { root: { features: root }, profile: { features: profile }, flags: {} },
          () => assert.fail(),
        );
        for (const { key, isOnByDefault } of features) {
          assert.equal(set.isEnabled(key), profile[key] ?? root[key] ?? isOnByDefault, key);
        }
      }),
    );
  });
});

describe("values of the wrong type", () => {
  const wrong: readonly (readonly [TomlTable, string])[] = [
    [{ features: { unified_exec: "yes" } }, 'invalid type: string "yes", expected a boolean\nin `features`'],
    [{ features: { unified_exec: 1 } }, "invalid type: integer `1`, expected a boolean\nin `features`"],
    [{ features: { nosuch: 1.5 } }, "invalid type: floating point `1.5`, expected a boolean\nin `features`"],
    [{ features: 3 }, "invalid type: integer `3`, expected struct FeaturesToml\nin `features`"],
    [{ tools: true }, "invalid type: boolean `true`, expected struct ToolsToml\nin `tools`"],
    [{ tools: { view_image: 3 } }, "invalid type: integer `3`, expected a boolean\nin `tools.view_image`"],
    [
      { experimental_use_unified_exec_tool: "x" },
      'invalid type: string "x", expected a boolean\nin `experimental_use_unified_exec_tool`',
    ],
  ];
  for (const [table, message] of wrong) {
    test(`${JSON.stringify(table)} is refused in the words of the original`, () => {
      assert.throws(() => resolve(table), { name: "FeatureTypeError", code: "FEATURES_TYPE", message });
    });
  }
});
