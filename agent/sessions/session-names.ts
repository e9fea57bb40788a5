// The names that users have given to threads. Newer releases of the original keep them in
// session_index.jsonl, one line for each time that a thread was named; the last one counts.

import { join } from "node:path";
import { readBoundedFile } from "../bounded-file.ts";
import { parseObject } from "../json-object.ts";

const fileName = "session_index.jsonl";
const maxBytes = 64 * 1024 * 1024;

/** @returns names by the ids of their threads, the one that was given last at the end */
export async function sessionNames(codexHome: string): Promise<ReadonlyMap<string, string>> {
  const file = await readBoundedFile(join(codexHome, fileName), maxBytes).catch(() => undefined);
  const text = file?.bytes.toString("utf8") ?? "";
  const names = new Map<string, string>();
  for (const line of text.split("\n")) {
    const { id, thread_name: name } = parseObject(line) ?? {};
    if (typeof id !== "string" || typeof name !== "string") continue;
    names.delete(id.toLowerCase());
    if (name.trim() !== "") names.set(id.toLowerCase(), name.trim());
  }
  return names;
}
