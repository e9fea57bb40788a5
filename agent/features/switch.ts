// What to write into config.toml so that a feature is on or off there: one line in [features], or none
// where the default says the same. Aliases of the feature in that table go, or they could win over it.

import type { TomlTable, TomlValue } from "../config/config.ts";
import { isTable } from "../config/toml.ts";
import type { Feature } from "./registry.ts";
import { legacySettings } from "./resolve.ts";

/** A value to set at a path, or to remove where it is undefined. */
export interface FeatureEdit {
  readonly path: readonly string[];
  readonly value: TomlValue | undefined;
}

/**
 * @param root - config.toml as it is
 * @param feature - of the registry
 * @param isOn - what it shall be
 * @param profile - whose [features] to write, instead of the root's
 */
export function featureEdits(
  root: TomlTable,
  feature: Feature,
  isOn: boolean,
  profile?: string,
): readonly FeatureEdit[] {
  const folder = profile === undefined ? ["features"] : ["profiles", profile, "features"];
  const named = tableAt(root, folder);
  const removals = feature.aliases
    .filter((alias) => Object.hasOwn(named, alias))
    .map((alias) => ({ path: [...folder, alias], value: undefined }));
  const path = [...folder, feature.key];
  if (isTable(named[feature.key])) return [...removals, { path: [...path, "enabled"], value: isOn }];
  const isDefault = isOn === feature.isOnByDefault && !isOn;
  const isSaidBelow =
    profile !== undefined || legacySettings(root, () => {}).some(({ key }) => key === feature.key);
  if (!isDefault || isSaidBelow) return [...removals, { path, value: isOn }];
  return Object.hasOwn(named, feature.key) ? [...removals, { path, value: undefined }] : removals;
}

function tableAt(root: TomlTable, path: readonly string[]): TomlTable {
  return path.reduce<TomlTable>((table, key) => {
    const value = Object.hasOwn(table, key) ? table[key] : undefined;
    return isTable(value) ? value : {};
  }, root);
}
