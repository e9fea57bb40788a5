// config.toml alone, as it is written: for those who change it and must know what it says by itself.

import { join } from "node:path";
import type { TomlTable } from "./config.ts";
import { parseSource } from "./load.ts";
import { readSourceFile } from "./source-file.ts";
import { emptyTable } from "./toml.ts";

/**
 * @returns the tree; empty if there is no file
 * @throws ConfigError if it cannot be read or is not TOML
 */
export async function readConfigFile(codexHome: string): Promise<TomlTable> {
  const source = await readSourceFile(join(codexHome, "config.toml"));
  return source === undefined ? emptyTable() : parseSource(source);
}
