// Holds a tree of values against the schema. It finds every problem and never throws; where in which file
// a problem is, others find out from its path.

import type { TomlTable, TomlValue } from "./config.ts";
import { keyText } from "./key-text.ts";
import { maskedText } from "./secret-keys.ts";
import { isTable } from "./toml.ts";
import type { Fields, ValueType } from "./value-type.ts";

export interface Problem {
  /** keys from the root; an element of a list has the path of the list */
  readonly path: readonly string[];
  /** the path that the message names, as the original does */
  readonly named: string;
  readonly reason: string;
}

export interface UnknownKey {
  readonly path: readonly string[];
  /** keys that could stand there */
  readonly siblings: readonly string[];
}

export interface Findings {
  readonly problems: readonly Problem[];
  readonly unknownKeys: readonly UnknownKey[];
}

/** @param type - what the value is to be; members of tables that it does not know are no problems */
export function checkValue(value: TomlValue, type: ValueType): Findings {
  const problems: Problem[] = [];
  const unknownKeys: UnknownKey[] = [];
  visit(value, type, { path: [], isSecret: false, named: undefined }, problems, unknownKeys);
  return { problems, unknownKeys };
}

interface Position {
  readonly path: readonly string[];
  readonly isSecret: boolean;
  /** what errors name instead of the path */
  readonly named: string | undefined;
}

function visit(
  value: TomlValue,
  type: ValueType,
  at: Position,
  problems: Problem[],
  unknownKeys: UnknownKey[],
): void {
  const fail = (reason: string): void => {
    problems.push({ path: at.path, named: at.named ?? keyText(at.path), reason });
  };
  const wrongType = (expected: string): void =>
    fail(`invalid type: ${described(value, at.isSecret)}, expected ${expected}`);
  const inside = (key: string, isSecret: boolean): Position => ({
    path: [...at.path, key],
    isSecret: at.isSecret || isSecret,
    named: at.named,
  });

  switch (type.kind) {
    case "any":
      return;
    case "string":
    case "boolean":
      if (typeof value !== type.kind) wrongType(`a ${type.kind}`);
      return;
    case "float":
      if (typeof value !== "number") wrongType("f64");
      return;
    case "integer":
      if (typeof value !== "bigint") wrongType(type.expected);
      else if (value < type.minimum || value > type.maximum) {
        fail(`invalid value: integer \`${value}\`, expected ${type.expected}`);
      }
      return;
    case "one-of":
      if (typeof value !== "string") wrongType("a string");
      else if (!type.values.includes(value)) {
        fail(`unknown variant \`${at.isSecret ? "…" : value}\`, expected ${alternatives(type.values)}`);
      }
      return;
    case "list":
      if (!Array.isArray(value)) wrongType("a sequence");
      else for (const element of value) visit(element, type.of, at, problems, unknownKeys);
      return;
    case "map":
      if (!isTable(value)) {
        wrongType(type.blamesItself ? "struct FeaturesToml" : "a map");
        return;
      }
      for (const [key, member] of Object.entries(value)) {
        const position = inside(key, false);
        const named = type.blamesItself ? keyText(at.path) : position.named;
        visit(member, type.of, { ...position, named }, problems, unknownKeys);
      }
      return;
    case "table":
      if (!isTable(value)) {
        wrongType(`struct ${type.name}`);
        return;
      }
      visitFields(value, type, inside, problems, unknownKeys);
      {
        const missing = type.required.find((key) => value[key] === undefined);
        const reason = missing === undefined ? type.check(value) : `missing field \`${missing}\``;
        if (reason !== undefined) fail(reason);
      }
      return;
    case "either": {
      const fitting = type.of.find((candidate) => hasShape(value, candidate));
      if (fitting !== undefined) visit(value, fitting, at, problems, unknownKeys);
      else if (type.expected.startsWith("untagged")) {
        fail(`data did not match any variant of ${type.expected}`);
      } else wrongType(type.expected);
      return;
    }
  }
}

function visitFields(
  value: TomlTable,
  type: { readonly fields: Fields; readonly isOpen: boolean },
  inside: (key: string, isSecret: boolean) => Position,
  problems: Problem[],
  unknownKeys: UnknownKey[],
): void {
  for (const [key, member] of Object.entries(value)) {
    const field = Object.hasOwn(type.fields, key) ? type.fields[key] : undefined;
    if (field !== undefined) {
      visit(member, field.type, inside(key, field.isSecret === true), problems, unknownKeys);
    } else if (!type.isOpen) {
      unknownKeys.push({ path: inside(key, false).path, siblings: Object.keys(type.fields) });
    }
  }
}

/** Whether a value is of the outer kind of a type, however wrong inside. */
function hasShape(value: TomlValue, type: ValueType): boolean {
  switch (type.kind) {
    case "any":
      return true;
    case "boolean":
      return typeof value === "boolean";
    case "string":
    case "one-of":
      return typeof value === "string";
    case "float":
      return typeof value === "number";
    case "integer":
      return typeof value === "bigint";
    case "list":
      return Array.isArray(value);
    case "map":
    case "table":
      return isTable(value);
    case "either":
      return type.of.some((candidate) => hasShape(value, candidate));
  }
}

function described(value: TomlValue, isSecret: boolean): string {
  if (typeof value === "string") return isSecret ? "string" : `string ${JSON.stringify(maskedText(value))}`;
  if (typeof value === "boolean") return `boolean \`${value}\``;
  if (typeof value === "bigint") return `integer \`${isSecret ? "…" : value}\``;
  if (typeof value === "number") return `floating point \`${isSecret ? "…" : value}\``;
  if (value instanceof Date) return "datetime";
  return Array.isArray(value) ? "sequence" : "map";
}

function alternatives(values: readonly string[]): string {
  const quoted = values.map((value) => `\`${value}\``);
  if (quoted.length < 3) return quoted.join(" or ");
  return `one of ${quoted.join(", ")}`;
}
