// Which values are nobody's business: those that the schema says are, and those of keys that it does not
// know but whose names give them away.

import type { TomlValue } from "./config.ts";
import { rootType } from "./schema.ts";
import { emptyTable, isTable } from "./toml.ts";
import type { ValueType } from "./value-type.ts";

const tellingName = /token|secret|passw|credential|authorization|api[_-]?key|headers/i;
/** Names of variables and such, whose values name a secret and are none. */
const namesOnly = /^(env_key|env_key_instructions|bearer_token_env_var|env_http_headers|forced_|.*_store)/;
/** Numbers of tokens that a model reads, not tokens that open doors. */
const counts = /token_(limit|budget)|_tokens$/;

/** @param path - keys from the root of the configuration */
export function isSecretPath(path: readonly string[]): boolean {
  let type: ValueType | undefined = rootType;
  for (const key of path) {
    if (type?.kind === "table" && Object.hasOwn(type.fields, key)) {
      const field: { readonly type: ValueType; readonly isSecret?: true } | undefined = type.fields[key];
      if (field?.isSecret) return true;
      type = field?.type;
    } else {
      // Parameters of an address are named by its server.
      if (path.at(-2) === "query_params" && hasTellingName(key)) return true;
      if (type?.kind === "map") type = type.of;
      else if (hasTellingName(key)) return true;
      else type = undefined;
    }
  }
  return false;
}

/** What stands in the place of a secret. */
export const secretMask = "*****";

/** @returns the value, or the mask; a key or a password that stands in a value of another kind is masked too */
export function masked(path: readonly string[], value: TomlValue): TomlValue {
  if (isSecretPath(path)) return secretMask;
  if (typeof value === "string") return maskedText(value);
  if (Array.isArray(value)) return value.map((element) => masked(path, element));
  if (!isTable(value)) return value;
  const table = emptyTable();
  for (const [key, member] of Object.entries(value)) table[key] = masked([...path, key], member);
  return table;
}

function maskedText(text: string): string {
  return text
    .replace(/\bsk-[A-Za-z0-9_-]{8,}/g, secretMask)
    .replace(/(:\/\/[^/@\s:]*):[^/@\s]+@/g, `$1:${secretMask}@`);
}

/** Whether a line of a file may hold a secret, by itself and by the lines before it. */
export function isSecretLine(lines: readonly string[], index: number): boolean {
  const line = lines[index] ?? "";
  if (line.split(/[=\s.[\]{},"']+/).some(hasTellingName) || /\bsk-/.test(line)) return true;
  const before = lines.slice(0, index).reverse();
  const inString = !/^\s*[\w."'-]+\s*=/.test(line);
  const opening = inString ? before.find((text) => text.includes("=")) : undefined;
  const table = before.find((text) => /^\s*\[/.test(text)) ?? "";
  return (opening !== undefined && hasTellingName(opening)) || /headers|\benv\b|\bset\b|otel/.test(table);
}

function hasTellingName(text: string): boolean {
  const name = text.trim();
  return tellingName.test(name) && !namesOnly.test(name) && !counts.test(name);
}
