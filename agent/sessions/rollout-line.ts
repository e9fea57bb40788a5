// One line of a rollout file: what is written is read back by the original too, whose JSON knows no half
// surrogates.

import { type JsonObject, parseObject } from "../json-object.ts";
import type { RolloutEntry } from "./rollout-entry.ts";

// An escape that JSON.stringify has written, and not a backslash of the text, followed by "ud8".
const halfSurrogate = /(?<!\\)(?:\\\\)*\\ud[89a-f][0-9a-f]{2}/;

/** @param nowMs - Unix time in milliseconds; @returns the line with its end */
export function rolloutLine({ type, payload }: RolloutEntry, nowMs: number): string {
  const entry = { timestamp: new Date(nowMs).toISOString(), type, payload };
  const line = JSON.stringify(entry);
  return `${line.includes("\\ud") && halfSurrogate.test(line) ? JSON.stringify(entry, wellFormed) : line}\n`;
}

function wellFormed(_: string, value: unknown): unknown {
  return typeof value === "string" ? Buffer.from(value).toString() : value;
}

/** @returns undefined for a line that is no entry: cut off, or not of this format */
export function parseRolloutLine(line: string): (RolloutEntry & { readonly timestamp?: string }) | undefined {
  // Zeros stand in front where the power failed.
  const value: JsonObject | undefined = parseObject(line.replace(/^\0+/, ""));
  if (typeof value?.type !== "string" || typeof value.payload !== "object" || value.payload === null) {
    return undefined;
  }
  return value as unknown as RolloutEntry;
}

/**
 * The entry that was written behind a line that was cut off, by a release that did not see that. In a text
 * the beginning of an entry cannot stand: its quotes would be escaped.
 */
export function entryBehindCut(line: string): ReturnType<typeof parseRolloutLine> {
  const start = line.lastIndexOf('{"timestamp":"');
  return start > 0 ? parseRolloutLine(line.slice(start)) : undefined;
}
