// What can be wrong with features in a configuration and on a command line.

import type { TomlValue } from "../config/config.ts";
import { AgentError } from "../errors.ts";

/** A value of the wrong type where a feature is switched; words and shape are those of the original. */
export class FeatureTypeError extends AgentError {
  override readonly name = "FeatureTypeError";

  /**
   * @param value - what was found
   * @param expected - what was wanted, as the message says it
   * @param path - the key
   */
  constructor(value: TomlValue, expected: string, path: string) {
    super(`invalid type: ${described(value)}, expected ${expected}\nin \`${path}\``, {
      code: "FEATURES_TYPE",
    });
  }
}

/** A name on the command line that no version knows. */
export class UnknownFeatureError extends AgentError {
  override readonly name = "UnknownFeatureError";

  /**
   * @param name - as it was typed
   * @param nearest - the key that was probably meant
   */
  constructor(name: string, nearest: string | undefined) {
    super(`Unknown feature flag: ${name}`, {
      code: "FEATURES_UNKNOWN",
      hint: nearest === undefined ? "codex features list --all prints the names" : `did you mean ${nearest}?`,
    });
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
