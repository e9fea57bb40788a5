// The vocabulary in which schema.ts describes keys: what a value may be, and what is said of it.

import type { TomlTable } from "./config.ts";

/** What a value may be. `expected` is how an error names it. */
export type ValueType =
  | { readonly kind: "any" }
  | { readonly kind: "string" }
  | { readonly kind: "boolean" }
  | { readonly kind: "float" }
  | {
      readonly kind: "integer";
      readonly minimum: bigint;
      readonly maximum: bigint;
      readonly expected: string;
    }
  | { readonly kind: "one-of"; readonly values: readonly string[] }
  | { readonly kind: "list"; readonly of: ValueType }
  | {
      readonly kind: "map";
      readonly of: ValueType;
      readonly placeholder: string;
      readonly blamesItself: boolean;
    }
  | {
      readonly kind: "table";
      readonly name: string;
      readonly fields: Fields;
      readonly required: readonly string[];
      /** whether other keys may be there, unlooked at */
      readonly isOpen: boolean;
      /** @returns what is wrong with the table as a whole, or undefined */
      readonly check: (table: TomlTable) => string | undefined;
    }
  | { readonly kind: "either"; readonly of: readonly ValueType[]; readonly expected: string };

/** One key. */
export interface Field {
  readonly type: ValueType;
  /** one sentence of documentation */
  readonly about: string;
  /** the default as documentation shows it, in TOML or words */
  readonly fallback?: string;
  /**
   * `used`: it does something; `legacy`: it does, and has a better name; `kept`: accepted for the sake of
   * files of other versions, and without effect
   */
  readonly standing: "used" | "legacy" | "kept";
  /** never shown, in errors nor by `config show` */
  readonly isSecret?: true;
}

export type Fields = Readonly<Record<string, Field>>;

const safeInteger = BigInt(Number.MAX_SAFE_INTEGER);

export const any: ValueType = { kind: "any" };
export const string: ValueType = { kind: "string" };
export const boolean: ValueType = { kind: "boolean" };
export const float: ValueType = { kind: "float" };
/** 64 bits with a sign in the original; here what a number holds exactly */
export const i64: ValueType = {
  kind: "integer",
  minimum: -safeInteger,
  maximum: safeInteger,
  expected: "i64",
};
export const u64: ValueType = { kind: "integer", minimum: 0n, maximum: safeInteger, expected: "u64" };
export const usize: ValueType = { kind: "integer", minimum: 0n, maximum: safeInteger, expected: "usize" };

export function oneOf(...values: readonly string[]): ValueType {
  return { kind: "one-of", values };
}

export function list(of: ValueType): ValueType {
  return { kind: "list", of };
}

export function map(of: ValueType, placeholder: string): ValueType {
  return { kind: "map", of, placeholder, blamesItself: false };
}

/** A map whose errors name the map and not the key in it. */
export function mapBlamed(of: ValueType, placeholder: string): ValueType {
  return { kind: "map", of, placeholder, blamesItself: true };
}

export function either(expected: string, ...of: readonly ValueType[]): ValueType {
  return { kind: "either", of, expected };
}

export function table(
  name: string,
  fields: Fields,
  extras: {
    readonly required?: readonly string[];
    readonly isOpen?: boolean;
    readonly check?: (table: TomlTable) => string | undefined;
  } = {},
): ValueType {
  return {
    kind: "table",
    name,
    fields,
    required: extras.required ?? [],
    isOpen: extras.isOpen ?? false,
    check: extras.check ?? (() => undefined),
  };
}

/** A key that does something. */
export function used(type: ValueType, about: string, fallback?: string): Field {
  return fallback === undefined
    ? { type, about, standing: "used" }
    : { type, about, fallback, standing: "used" };
}

export function secret(type: ValueType, about: string): Field {
  return { type, about, standing: "used", isSecret: true };
}

export function legacy(type: ValueType, about: string): Field {
  return { type, about, standing: "legacy" };
}

/** A key of another version. */
export function kept(about: string, type: ValueType = any): Field {
  return { type, about, standing: "kept" };
}
