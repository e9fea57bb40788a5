// Where values come from. The raw tree of a configuration is made of layers, each above the one before:
// config.toml, a profile's own file, every -c in turn, and what the administrator of the machine set.

import type { TomlTable } from "./config.ts";
import { applyOverride, type Override } from "./override.ts";
import type { SourceFile } from "./source-file.ts";
import { emptyTable, mergeTables, valueAt } from "./toml.ts";

export type Layer =
  | {
      readonly kind: "file" | "profile-file" | "managed";
      readonly tree: TomlTable;
      readonly source: SourceFile;
    }
  | { readonly kind: "override"; readonly tree: TomlTable; readonly override: Override };

/** A -c as a layer of its own. */
export function overrideLayer(override: Override): Layer {
  return { kind: "override", tree: applyOverride(emptyTable(), override), override };
}

/** @param layers - the lowest first */
export function mergeLayers(layers: readonly Layer[]): TomlTable {
  let tree: TomlTable = emptyTable();
  for (const layer of layers) {
    tree = layer.kind === "override" ? applyOverride(tree, layer.override) : mergeTables(tree, layer.tree);
  }
  return tree;
}

/** @returns the highest layer that has a value at the path: the one whose value is in force */
export function layerOf(layers: readonly Layer[], path: readonly string[]): Layer | undefined {
  return layers.findLast((layer) => valueAt(layer.tree, path) !== undefined);
}
