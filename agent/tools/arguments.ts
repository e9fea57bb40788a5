// The arguments of a function call: JSON that a model wrote. What does not fit is told to the model in the
// words of the original's reader, so that it can call again and do better.

import { type JsonObject, objectOf } from "../json-object.ts";
import { ToolFailure } from "./tool.ts";

/** @throws ToolFailure for text that is no JSON object */
export function parseArguments(text: string): Arguments {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw misfit(`not JSON: ${(error as Error).message}`);
  }
  return new Arguments(requireObject(value));
}

function misfit(reason: string): ToolFailure {
  return new ToolFailure(`failed to parse function arguments: ${reason}`);
}

function requireObject(value: unknown): JsonObject {
  const object = objectOf(value);
  if (object === undefined) throw wrongType(value, "an object");
  return object;
}

function wrongType(value: unknown, expected: string): ToolFailure {
  return misfit(`invalid type: ${describe(value)}, expected ${expected}`);
}

function describe(value: unknown): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "sequence";
  switch (typeof value) {
    case "string":
      return `string ${JSON.stringify(value.length > 80 ? `${value.slice(0, 80)}…` : value)}`;
    case "number":
      return `${Number.isInteger(value) ? "integer" : "floating point"} \`${value}\``;
    case "boolean":
      return `boolean \`${value}\``;
    default:
      return "map";
  }
}

function quoted(names: readonly string[]): string {
  const words = names.map((name) => `\`${name}\``);
  return words.length === 2 ? words.join(" or ") : `one of ${words.join(", ")}`;
}

/** An object of arguments. A member that is null counts as one that is not there. */
export class Arguments {
  readonly #members: JsonObject;

  constructor(members: JsonObject) {
    this.#members = members;
  }

  /** For tools that take nothing else. @throws ToolFailure */
  allow(...names: readonly string[]): this {
    const unknown = Object.keys(this.#members).find((name) => !names.includes(name));
    if (unknown === undefined) return this;
    const expected = names.length === 1 ? `\`${names[0]}\`` : quoted(names);
    throw misfit(`unknown field \`${unknown}\`, expected ${expected}`);
  }

  /** @throws ToolFailure where it is missing or no string */
  text(name: string): string {
    return this.optionalText(name) ?? this.#missing(name);
  }

  optionalText(name: string): string | undefined {
    return this.#optional(name, "a string", (value) => typeof value === "string");
  }

  optionalNumber(name: string): number | undefined {
    return this.#optional(name, "a number", (value) => typeof value === "number");
  }

  optionalFlag(name: string): boolean | undefined {
    return this.#optional(name, "a boolean", (value) => typeof value === "boolean");
  }

  texts(name: string): readonly string[] {
    return this.#list(name).map((value) => {
      if (typeof value !== "string") throw wrongType(value, "a string");
      return value;
    });
  }

  objects(name: string): readonly Arguments[] {
    return this.#list(name).map((value) => new Arguments(requireObject(value)));
  }

  /** One of a few words. */
  word<Word extends string>(name: string, words: readonly Word[]): Word {
    const text = this.text(name);
    const found = words.find((word) => word === text);
    if (found === undefined) throw misfit(`unknown variant \`${text}\`, expected ${quoted(words)}`);
    return found;
  }

  #list(name: string): readonly unknown[] {
    const isList = (value: unknown): value is readonly unknown[] => Array.isArray(value);
    return this.#optional(name, "a sequence", isList) ?? this.#missing(name);
  }

  #missing(name: string): never {
    throw misfit(`missing field \`${name}\``);
  }

  #optional<Value>(
    name: string,
    expected: string,
    fits: (value: unknown) => value is Value,
  ): Value | undefined {
    const value = Object.hasOwn(this.#members, name) ? this.#members[name] : undefined;
    if (value === undefined || value === null) return undefined;
    if (!fits(value)) throw wrongType(value, expected);
    return value;
  }
}
