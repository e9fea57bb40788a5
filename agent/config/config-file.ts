// config.toml alone, as it is written: for those who change it and must know what it says by itself.

import { join } from "node:path";
import { checkValue } from "./check.ts";
import type { TomlTable } from "./config.ts";
import { ConfigError } from "./errors.ts";
import { parseSource } from "./load.ts";
import { rootType } from "./schema.ts";
import { readSourceFile } from "./source-file.ts";
import { emptyTable, valueAt } from "./toml.ts";

/**
 * @param place - keys below which something is to be changed: what stands there and on the way has to be sound
 * @returns the tree; empty if there is no file
 * @throws ConfigError if it cannot be read, is not TOML or has values of a wrong type at that place
 */
export async function readConfigFile(codexHome: string, place: readonly string[]): Promise<TomlTable> {
  const source = await readSourceFile(join(codexHome, "config.toml"));
  if (source === undefined) return emptyTable();
  const tree = parseSource(source);
  const isThere = ({ path }: { readonly path: readonly string[] }) =>
    path.every((key, index) => index >= place.length || key === place[index]);
  const problems = checkValue(tree, rootType).problems.filter(isThere);
  if (problems.length > 0) {
    const { problemsError } = await import("./report.ts");
    throw await problemsError(problems, [{ kind: "file", tree, source }]);
  }
  return tree;
}

/**
 * @param tree - of config.toml
 * @throws ConfigError if the profile is no table of it: to make one would take the place of a profile's file
 */
export async function requireProfileTable(codexHome: string, tree: TomlTable, name: string): Promise<void> {
  if (valueAt(tree, ["profiles", name]) !== undefined) return;
  const path = join(codexHome, `${name}.config.toml`);
  const hasFile = /^[A-Za-z0-9_-]+$/.test(name) && (await readSourceFile(path)) !== undefined;
  throw new ConfigError("CONFIG_PROFILE_NOT_FOUND", `config profile \`${name}\` not found in config.toml`, {
    hint: hasFile ? `it is a file of its own: edit ${path}` : undefined,
  });
}
