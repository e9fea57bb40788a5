// TOML text in, plain tables out. Tables have no prototype, so that a key called __proto__ is a key;
// integers are bigint, so that 1 and 1.0 differ; a document that is nested absurdly deep is refused.

import { parse, TomlError } from "smol-toml";
import type { TomlTable, TomlValue } from "./config.ts";

/** Tables and arrays inside one another; people need five. */
export const maxDepth = 100;

/** The text is not TOML. Lines and columns count from 1. */
export class TomlSyntaxError extends Error {
  readonly line: number;
  readonly column: number;

  constructor(reason: string, line: number, column: number, cause?: unknown) {
    super(reason, { cause });
    this.line = line;
    this.column = column;
  }
}

/** @throws TomlSyntaxError */
export function parseToml(text: string): TomlTable {
  let parsed: unknown;
  try {
    parsed = parse(text, { integersAsBigInt: true, maxDepth });
  } catch (error) {
    if (error instanceof TomlError) {
      const reason = error.message.replace(/^Invalid TOML document: /, "").split("\n", 1)[0] ?? "invalid";
      throw new TomlSyntaxError(reason, error.line, error.column, error);
    }
    throw new TomlSyntaxError("nested too deeply", 1, 1, error);
  }
  return plain(parsed, 0) as TomlTable;
}

/** @returns an empty table that inherits nothing */
export function emptyTable(): Record<string, TomlValue> {
  return Object.create(null) as Record<string, TomlValue>;
}

/** Whether a value is a table: no list and no date. */
export function isTable(value: unknown): value is TomlTable {
  return typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof Date);
}

/** @returns the value at a path of keys, or undefined */
export function valueAt(table: TomlTable, path: readonly string[]): TomlValue | undefined {
  let value: TomlValue | undefined = table;
  for (const key of path) {
    if (!isTable(value)) return undefined;
    value = Object.hasOwn(value, key) ? value[key] : undefined;
  }
  return value;
}

/** @returns a table in which `over` wins, tables merged key by key and everything else replaced whole */
export function mergeTables(under: TomlTable, over: TomlTable): TomlTable {
  const merged = Object.assign(emptyTable(), under);
  for (const [key, value] of Object.entries(over)) {
    const below = merged[key];
    merged[key] = isTable(value) && isTable(below) ? mergeTables(below, value) : value;
  }
  return merged;
}

function plain(value: unknown, depth: number): TomlValue {
  if (depth > maxDepth) throw new TomlSyntaxError("nested too deeply", 1, 1);
  if (Array.isArray(value)) return value.map((element) => plain(element, depth + 1));
  if (typeof value === "object" && value !== null && !(value instanceof Date)) {
    const table = emptyTable();
    for (const [key, member] of Object.entries(value)) table[key] = plain(member, depth + 1);
    return table;
  }
  return value as TomlValue;
}
