import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { TomlTable, TomlValue } from "../../../agent/config/config.ts";
import { features, requireFeature } from "../../../agent/features/registry.ts";
import { resolveFeatures } from "../../../agent/features/resolve.ts";
import { type FeatureEdit, featureEdits } from "../../../agent/features/switch.ts";

type Mutable = Record<string, TomlValue>;

function apply(root: TomlTable, edits: readonly FeatureEdit[]): TomlTable {
  const edited = structuredClone(root) as Mutable;
  for (const { path, value } of edits) {
    let table = edited;
    for (const key of path.slice(0, -1)) {
      table[key] ??= {};
      table = table[key] as Mutable;
    }
    const last = path.at(-1) as string;
    if (value === undefined) delete table[last];
    else table[last] = value;
  }
  return edited;
}

const edits = (root: TomlTable, name: string, isOn: boolean, profile?: string) =>
  featureEdits(root, requireFeature(name), isOn, profile);

test("a feature is switched by one line of [features], under its key of today", () => {
  assert.deepEqual(edits({}, "web_search", true), [
    { path: ["features", "web_search_request"], value: true },
  ]);
  assert.deepEqual(edits({}, "view_image_tool", false), [
    { path: ["features", "view_image_tool"], value: false },
  ]);
  assert.deepEqual(edits({}, "rmcp_client", true, "p1"), [
    { path: ["profiles", "p1", "features", "rmcp_client"], value: true },
  ]);
});

test("what is off by default is switched off by taking its line away", () => {
  assert.deepEqual(edits({}, "rmcp_client", false), []);
  assert.deepEqual(edits({ features: { rmcp_client: true } }, "rmcp_client", false), [
    { path: ["features", "rmcp_client"], value: undefined },
  ]);
});

test("where an older key or the root says on, off is written down", () => {
  assert.deepEqual(edits({ tools: { web_search: true } }, "web_search_request", false), [
    { path: ["features", "web_search_request"], value: false },
  ]);
  assert.deepEqual(edits({}, "rmcp_client", false, "p1"), [
    { path: ["profiles", "p1", "features", "rmcp_client"], value: false },
  ]);
});

test("a feature of a later version that has a table of settings is switched inside it", () => {
  const root = { features: { multi_agent_v2: { max_threads: 3 } } };
  assert.deepEqual(edits(root, "multi_agent_v2", true), [
    { path: ["features", "multi_agent_v2", "enabled"], value: true },
  ]);
});

test("whatever the file says, the feature is what was asked for afterwards and no other changes", () => {
  const names = features.flatMap(({ key, aliases }) => [key, ...aliases]);
  const flags = fc.dictionary(fc.constantFrom(...names), fc.boolean());
  const layer = fc
    .record({
      features: flags,
      tools: fc.dictionary(fc.constantFrom("web_search", "view_image"), fc.boolean()),
    })
    .chain((tables) =>
      fc
        .dictionary(fc.constantFrom("include_apply_patch_tool", "experimental_use_rmcp_client"), fc.boolean())
        .map((legacy): TomlTable => ({ ...legacy, ...tables })),
    );
  fc.assert(
    fc.property(
      layer,
      layer,
      fc.constantFrom(...features),
      fc.boolean(),
      fc.boolean(),
      (root, profile, feature, isOn, inProfile) => {
        const before = { ...root, profiles: { p1: profile } };
        const after = apply(before, featureEdits(before, feature, isOn, inProfile ? "p1" : undefined));
        const states = (table: typeof before) => {
          const set = resolveFeatures(
            inProfile ? { root: table, profile: table.profiles.p1, flags: {} } : { root: table, flags: {} },
            () => {},
          );
          return Object.fromEntries(features.map(({ key }) => [key, set.isEnabled(key)]));
        };
        assert.deepEqual(states(after as typeof before), { ...states(before), [feature.key]: isOn });
      },
    ),
  );
});
