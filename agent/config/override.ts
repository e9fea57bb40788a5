// -c KEY=VALUE: edits of the configuration before profiles are looked at, so a profile still wins over a
// root key that was set here.

import type { TomlTable, TomlValue } from "./config.ts";
import { ConfigError } from "./errors.ts";
import { masked } from "./secret-keys.ts";
import { emptyTable, isTable, maxDepth, parseToml } from "./toml.ts";

export interface Override {
  readonly path: readonly string[];
  readonly value: TomlValue;
  /** as it was typed */
  readonly raw: string;
}

/**
 * @param raw - `key=value`, split at the first `=`; the value is TOML or, where it is not, a string
 * @throws ConfigError without `=` or without a key
 */
export function parseOverride(raw: string): Override {
  const equals = raw.indexOf("=");
  // What was meant for another option may be a key.
  const shown = masked([], raw);
  if (equals < 0)
    throw new ConfigError("CONFIG_OVERRIDE_WITHOUT_EQUALS", `Invalid override (missing '='): ${shown}`);
  const key = raw.slice(0, equals).trim();
  if (key === "") throw new ConfigError("CONFIG_OVERRIDE_WITHOUT_KEY", `Empty key in override: ${shown}`);
  const path = key.split(".");
  if (path.length > maxDepth) {
    throw new ConfigError("CONFIG_OVERRIDE_TOO_DEEP", `Key of an override has more than ${maxDepth} parts`);
  }
  return { path, value: parseValue(raw.slice(equals + 1).trim()), raw };
}

/** @returns a copy in which the override holds; what stands in its way is replaced by tables */
export function applyOverride(table: TomlTable, { path, value }: Override): TomlTable {
  const root = Object.assign(emptyTable(), table);
  let current = root;
  for (const key of path.slice(0, -1)) {
    const next = Object.assign(emptyTable(), isTable(current[key]) ? current[key] : {});
    current[key] = next;
    current = next;
  }
  current[path.at(-1) ?? ""] = value;
  return root;
}

function parseValue(text: string): TomlValue {
  try {
    const value = parseToml(`_x_ = ${text}`)._x_;
    if (value !== undefined) return value;
  } catch {
    // not TOML: a string as it stands
  }
  return text.replace(/^["']+|["']+$/g, "");
}
