// Decides which features are on. Each layer is a list of settings, and the outcome is a fold over all of
// them: defaults, the root's legacy keys, its [features], the profile's legacy keys, its [features], flags.
// The last one that names a feature wins.

import type { TomlTable, TomlValue } from "../config/config.ts";
import { isTable } from "../config/toml.ts";
import { FeatureTypeError } from "./errors.ts";
import type { FeatureSet } from "./feature-set.ts";
import { features, findFeature, isWithoutEffect, laterFeatures, nearestFeature } from "./registry.ts";

/** One setting of one layer. */
export interface FeatureSetting {
  /** a key of the registry, never an alias */
  readonly key: string;
  readonly isOn: boolean;
}

export interface FeatureSources {
  /** the whole configuration as parsed, after -c and --enable, before the profile */
  readonly root: TomlTable;
  /** the table of the profile in force */
  readonly profile?: TomlTable | undefined;
  /** dedicated flags; those of FlagOverrides fit */
  readonly flags: { readonly search?: boolean | undefined };
}

const rootLegacyKeys = [
  "include_apply_patch_tool",
  "experimental_use_freeform_apply_patch",
  "experimental_use_exec_command_tool",
  "experimental_use_unified_exec_tool",
  "experimental_use_rmcp_client",
  "experimental_sandbox_command_assessment",
  "include_view_image_tool",
] as const;

/** Keys of [tools], and of a profile, that features took the place of. */
const toolKeys: Readonly<Record<string, string>> = {
  web_search: "web_search_request",
  web_search_request: "web_search_request",
  view_image: "view_image_tool",
};
const profileToolKeys: Readonly<Record<string, string>> = {
  tools_web_search: "web_search_request",
  tools_view_image: "view_image_tool",
};

/**
 * @param sources - raw tables, from the lowest layer to the highest
 * @param warn - told once of each deprecated spelling and each unknown name
 * @throws FeatureTypeError where a value is not what it must be
 */
export function resolveFeatures(sources: FeatureSources, warn: (message: string) => void): FeatureSet {
  const told = new Set<string>();
  const warnOnce = (message: string): void => {
    if (told.has(message)) return;
    told.add(message);
    warn(message);
  };
  const { root, profile = {}, flags } = sources;
  return foldFeatures([
    legacySettings(root, warnOnce),
    namedSettings(root, warnOnce),
    legacySettings(profile, warnOnce),
    namedSettings(profile, warnOnce),
    flagSettings(flags),
  ]);
}

/** The fold itself: defaults, then every setting of every layer in turn. */
export function foldFeatures(layers: readonly (readonly FeatureSetting[])[]): FeatureSet {
  const states = new Map<string, boolean>();
  for (const { key, isOnByDefault } of [...laterFeatures, ...features]) states.set(key, isOnByDefault);
  for (const { key, isOn } of layers.flat()) states.set(key, isOn);
  return { isEnabled: (key) => states.get(key) ?? false };
}

function flagSettings({ search }: FeatureSources["flags"]): readonly FeatureSetting[] {
  return search === undefined ? [] : [{ key: "web_search_request", isOn: search }];
}

/** What the older keys of one table say: those of its top level, and those of [tools]. */
export function legacySettings(table: TomlTable, warn: (message: string) => void): readonly FeatureSetting[] {
  const settings: FeatureSetting[] = [];
  const take = (spelling: string, key: string, value: TomlValue | undefined, path: string): void => {
    if (value === undefined) return;
    settings.push({ key, isOn: booleanAt(value, path) });
    if (spelling !== key) warn(`\`${spelling}\` is deprecated. Use \`[features].${key}\` instead.`);
  };

  for (const name of rootLegacyKeys) take(name, findFeature(name)?.key ?? name, table[name], name);
  // A string is the setting of later versions, which knows more than on and off.
  if (typeof table.web_search === "boolean") {
    take("web_search", "web_search_request", table.web_search, "web_search");
  }
  for (const [name, key] of Object.entries(profileToolKeys)) take(name, key, table[name], name);
  const tools = tableAt(table, "tools", "ToolsToml");
  for (const [name, key] of Object.entries(toolKeys)) {
    // Later versions take a table of search settings here.
    if (isTable(tools[name])) settings.push({ key, isOn: true });
    else take(`tools.${name}`, key, tools[name], `tools.${name}`);
  }
  return settings;
}

function namedSettings(table: TomlTable, warn: (message: string) => void): readonly FeatureSetting[] {
  const settings: FeatureSetting[] = [];
  const named = tableAt(table, "features", "FeaturesToml");
  // By name, as the original reads them: it decides between an alias and its key in one table.
  for (const name of Object.keys(named).sort()) {
    const value = named[name] as TomlValue;
    const feature = findFeature(name);
    if (feature === undefined) {
      if (!isTable(value)) booleanAt(value, "features");
      const nearest = nearestFeature(name);
      warn(`unknown feature \`${name}\` in [features]${nearest ? `; did you mean \`${nearest}\`?` : ""}`);
      continue;
    }
    if (isWithoutEffect(feature.key) && isTable(value)) {
      if (typeof value.enabled === "boolean") settings.push({ key: feature.key, isOn: value.enabled });
      continue;
    }
    const isOn = booleanAt(value, "features");
    settings.push({ key: feature.key, isOn });
    if (name !== feature.key && !isWithoutEffect(feature.key)) {
      warn(`\`${name}\` is deprecated. Use \`[features].${feature.key}\` instead.`);
    }
  }
  return settings;
}

function tableAt(table: TomlTable, key: string, typeName: string): TomlTable {
  const value = table[key];
  if (value === undefined) return {};
  if (!isTable(value)) throw new FeatureTypeError(value, `struct ${typeName}`, key);
  return value;
}

function booleanAt(value: TomlValue, path: string): boolean {
  if (typeof value !== "boolean") throw new FeatureTypeError(value, "a boolean", path);
  return value;
}
