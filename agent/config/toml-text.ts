// Writes values as TOML, on one line.

import type { TomlTable, TomlValue } from "./config.ts";
import { keyPartText } from "./key-text.ts";
import { isTable } from "./toml.ts";

/** @returns the value as it stands to the right of `=` */
export function valueText(value: TomlValue): string {
  if (typeof value === "string") return stringText(value);
  if (typeof value === "bigint" || typeof value === "boolean") return String(value);
  if (typeof value === "number") return floatText(value);
  if (value instanceof Date) return value.toISOString();
  if (isTable(value)) return inlineTableText(value);
  return `[${(value as readonly TomlValue[]).map(valueText).join(", ")}]`;
}

/** @returns a basic string: only what TOML forbids there is escaped */
function stringText(text: string): string {
  const escaped = text.replace(/[\\"\p{Cc}\p{Cs}]/gu, (character) => {
    const named = namedEscapes[character];
    if (named !== undefined) return named;
    const code = character.codePointAt(0) ?? 0;
    // Half of a pair is no character, and no file could hold it.
    return code >= 0xd800 && code <= 0xdfff ? "\ufffd" : `\\u${code.toString(16).padStart(4, "0")}`;
  });
  return `"${escaped}"`;
}

const namedEscapes: Readonly<Record<string, string>> = {
  "\\": "\\\\",
  '"': '\\"',
  "\b": "\\b",
  "\t": "\\t",
  "\n": "\\n",
  "\f": "\\f",
  "\r": "\\r",
};

function floatText(value: number): string {
  if (Number.isNaN(value)) return "nan";
  if (!Number.isFinite(value)) return value < 0 ? "-inf" : "inf";
  const text = Object.is(value, -0) ? "-0.0" : String(value);
  if (/[.e]/.test(text)) return text.replace("e+", "e");
  return `${text}.0`;
}

function inlineTableText(table: TomlTable): string {
  const members = Object.entries(table).map(([key, value]) => `${keyPartText(key)} = ${valueText(value)}`);
  return members.length === 0 ? "{}" : `{ ${members.join(", ")} }`;
}
