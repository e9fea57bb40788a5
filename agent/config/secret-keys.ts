// Which values are nobody's business: those that the schema says are, and those of keys that it does not
// know but whose names give them away.

import type { TomlValue } from "./config.ts";
import { rootType } from "./schema.ts";
import { emptyTable, isTable } from "./toml.ts";
import type { ValueType } from "./value-type.ts";

const tellingName = /token|secret|passw|credential|authorization|api[_-]?key|headers/i;
/** Parameters of addresses, and options of programs, that hold a key. */
const tellingParameter = /(^|[-_.])(key|sig|signature|code|auth|pw|pwd)$/i;
/** Names of variables and such, whose values name a secret and are none. */
const namesOnly = /^(env_key|env_key_instructions|bearer_token_env_var|env_http_headers|forced_|.*_store)/;
/** A table of variables on a line of its own, whose values are secret whatever they are called. */
const variables = /(^|[\s.{,])["']?(env|set)["']?\s*=/;
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
      if (path.at(-2) === "query_params" && (hasTellingName(key) || tellingParameter.test(key))) return true;
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
  if (Array.isArray(value)) {
    return value.map((element, index) =>
      isOptionOfSecret(value[index - 1]) ? secretMask : masked(path, element),
    );
  }
  if (!isTable(value)) return value;
  const table = emptyTable();
  for (const [key, member] of Object.entries(value)) table[key] = masked([...path, key], member);
  return table;
}

/** @returns the text without passwords of addresses, values of telling options and keys of known forms */
export function maskedText(text: string): string {
  return text
    .replace(/(?<![A-Za-z])(sk-|gh[a-z]_|github_pat_|xox[a-z]-|glpat-|eyJ)[A-Za-z0-9_.-]{8,}/g, secretMask)
    .replace(/\b(Bearer|Basic)\s+[^\s"']+/gi, `$1 ${secretMask}`)
    .replace(/(:\/\/[^/@\s:]*):[^/@\s]+@/g, `$1:${secretMask}@`)
    .replace(/([?&])([^=&#\s]+)=([^&#\s]+)/g, (whole, mark, name) =>
      hasTellingName(name) || tellingParameter.test(name) ? `${mark}${name}=${secretMask}` : whole,
    )
    .replace(/(^|\s)(-[^\s=]+)([=\s]+)([^\s-]\S*)/g, (whole, before, option, between) =>
      isOptionOfSecret(option) ? `${before}${option}${between}${secretMask}` : whole,
    );
}

/** Whether the word after this one in a list of arguments is a secret. */
function isOptionOfSecret(argument: unknown): boolean {
  if (typeof argument !== "string" || !/^--?[\w-]+$/.test(argument)) return false;
  const name = argument.replace(/^-+/, "").replaceAll("-", "_");
  return hasTellingName(name) || tellingParameter.test(name);
}

/** Whether a line of a file may hold a secret, by itself and by the lines before it. */
export function isSecretLine(lines: readonly string[], index: number): boolean {
  const line = lines[index] ?? "";
  if (line.split(/[=\s.[\]{},"']+/).some(hasTellingName) || /\bsk-/.test(line)) return true;
  if (variables.test(line)) return true;
  const before = lines.slice(0, index).reverse();
  const inString = !/^\s*[\w."'-]+\s*=/.test(line);
  const opening = inString ? before.find((text) => text.includes("=")) : undefined;
  const table = before.find((text) => /^\s*\[/.test(text)) ?? "";
  return (
    (opening !== undefined && (hasTellingName(opening) || variables.test(opening))) ||
    /headers|\benv\b|\bset\b|otel/.test(table)
  );
}

function hasTellingName(text: string): boolean {
  const name = text.trim();
  return tellingName.test(name) && !namesOnly.test(name) && !counts.test(name);
}
