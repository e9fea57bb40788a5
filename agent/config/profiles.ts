// Which profile is in force: `-p`, or the key `profile`, which -c can set.

import type { TomlTable } from "./config.ts";
import { ConfigError } from "./errors.ts";
import { keyText } from "./key-text.ts";
import { stringOf, tableOf } from "./typed.ts";

export interface SelectedProfile {
  readonly name: string;
  /** absent where the profile is a file of its own, which is a layer */
  readonly table?: TomlTable;
}

/**
 * @param tree - a checked tree
 * @throws ConfigError if there is no profile with that name
 */
export function selectedProfile(
  tree: TomlTable,
  flag: string | undefined,
  hasFile: boolean,
): SelectedProfile | undefined {
  const name = flag ?? stringOf(tree, "profile");
  if (name === undefined) return undefined;
  const profiles = tableOf(tree, "profiles");
  if (Object.hasOwn(profiles, name)) return { name, table: tableOf(profiles, name) };
  if (hasFile) return { name };
  throw new ConfigError("CONFIG_PROFILE_NOT_FOUND", `config profile \`${name}\` not found`, {
    hint:
      knownProfiles(Object.keys(profiles)) ?? `add a table [${keyText(["profiles", name])}] to config.toml`,
  });
}

function knownProfiles(names: readonly string[]): string | undefined {
  return names.length === 0
    ? undefined
    : `config.toml has ${names.map((name) => keyText([name])).join(", ")}`;
}
