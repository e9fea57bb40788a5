// JSON of others: an object, or nothing. Its members are checked where they are read.

/** What JSON calls an object, of members that nobody has looked at. */
export type JsonObject = Readonly<Record<string, unknown>>;

/** @returns the value if it is an object: neither null nor an array */
export function objectOf(value: unknown): JsonObject | undefined {
  return typeof value === "object" && value !== null && !Array.isArray(value)
    ? (value as JsonObject)
    : undefined;
}

/** @returns the object that the text is, undefined where it is none or no JSON; the text is in no error */
export function parseObject(text: string): JsonObject | undefined {
  try {
    return objectOf(JSON.parse(text));
  } catch {
    return undefined;
  }
}
