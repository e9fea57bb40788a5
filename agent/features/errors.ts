// What can be wrong with features in a configuration and on a command line.

import type { TomlValue } from "../config/config.ts";

/** A value of the wrong type where a feature is switched; words and shape are those of the original. */
export class FeatureTypeError extends Error {
  readonly code = "FEATURE_TYPE";
  readonly exitStatus = 1;

  /**
   * @param value - what was found
   * @param expected - what was wanted, as the message says it
   * @param path - the key
   */
  constructor(value: TomlValue, expected: string, path: string) {
    super(`invalid type: ${described(value)}, expected ${expected}\nin \`${path}\``);
    this.name = "FeatureTypeError";
  }
}

/** A name on the command line that no version knows. */
export class UnknownFeatureError extends Error {
  readonly code = "FEATURE_UNKNOWN";
  readonly exitStatus = 1;
  readonly hint?: string;

  /**
   * @param name - as it was typed
   * @param nearest - the key that was probably meant
   */
  constructor(name: string, nearest: string | undefined) {
    super(`Unknown feature flag: ${name}`);
    this.name = "UnknownFeatureError";
    if (nearest !== undefined) this.hint = `did you mean \`${nearest}\`?`;
  }
}

function described(value: TomlValue): string {
  if (typeof value === "string") return `string ${JSON.stringify(value)}`;
  if (typeof value === "bigint" || Number.isInteger(value)) return `integer \`${value}\``;
  if (typeof value === "number") return `floating point \`${value}\``;
  if (typeof value === "boolean") return `boolean \`${value}\``;
  if (Array.isArray(value)) return "sequence";
  return value instanceof Date ? "date-time" : "map";
}
