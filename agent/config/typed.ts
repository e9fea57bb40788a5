// Reads members of a tree that check.ts found sound, so that a value has its type or is absent.

import type { TomlTable, TomlValue } from "./config.ts";
import { emptyTable, isTable } from "./toml.ts";

/** @returns a string, or undefined where there is none */
export function stringOf(table: TomlTable, key: string): string | undefined {
  const value = table[key];
  return typeof value === "string" ? value : undefined;
}

/** @returns a boolean, or undefined where there is none */
export function booleanOf(table: TomlTable, key: string): boolean | undefined {
  const value = table[key];
  return typeof value === "boolean" ? value : undefined;
}

/** @returns an integer, which the schema bounds to what a number holds exactly */
export function integerOf(table: TomlTable, key: string): number | undefined {
  const value = table[key];
  return typeof value === "bigint" ? Number(value) : undefined;
}

/** @returns an integer or a float */
export function numberOf(table: TomlTable, key: string): number | undefined {
  const value = table[key];
  return typeof value === "number" ? value : integerOf(table, key);
}

/** @returns a list of strings, or undefined where there is no list */
export function stringsOf(table: TomlTable, key: string): readonly string[] | undefined {
  const value = table[key];
  return Array.isArray(value) ? value.filter((element) => typeof element === "string") : undefined;
}

/** @returns the table, or an empty one */
export function tableOf(table: TomlTable, key: string): TomlTable {
  const value = Object.hasOwn(table, key) ? table[key] : undefined;
  return isTable(value) ? value : emptyTable();
}

/** @returns the strings of a table by their keys; none where there is no table. It inherits nothing */
export function stringMapOf(table: TomlTable, key: string): Readonly<Record<string, string>> {
  const map = Object.create(null) as Record<string, string>;
  for (const [name, value] of Object.entries(tableOf(table, key))) {
    if (typeof value === "string") map[name] = value;
  }
  return map;
}

/** @returns the value with integers as numbers where those hold them exactly */
export function withNumbers(value: TomlValue): TomlValue {
  if (typeof value === "bigint") return Number.isSafeInteger(Number(value)) ? Number(value) : value;
  if (Array.isArray(value)) return value.map(withNumbers);
  if (!isTable(value)) return value;
  const table = emptyTable();
  for (const [key, member] of Object.entries(value)) table[key] = withNumbers(member);
  return table;
}
