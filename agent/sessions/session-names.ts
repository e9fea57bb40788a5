// The names that users have given to threads. Newer releases of the original keep them in
// session_index.jsonl, one line for each time that a thread was named; the last one counts.

import { constants } from "node:fs";
import { open } from "node:fs/promises";
import { join } from "node:path";
import { parseObject } from "../json-object.ts";

const fileName = "session_index.jsonl";
const maxBytes = 64 * 1024 * 1024;

/** @returns names by the ids of their threads, the one that was given last at the end */
export async function sessionNames(codexHome: string): Promise<ReadonlyMap<string, string>> {
  const names = new Map<string, string>();
  for (const line of (await textOf(join(codexHome, fileName))).split("\n")) {
    const { id, thread_name: name } = parseObject(line) ?? {};
    if (typeof id !== "string" || typeof name !== "string") continue;
    names.delete(id.toLowerCase());
    if (name.trim() !== "") names.set(id.toLowerCase(), name.trim());
  }
  return names;
}

async function textOf(path: string): Promise<string> {
  const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK).catch(() => undefined);
  if (file === undefined) return "";
  try {
    const facts = await file.stat();
    return facts.isFile() && facts.size <= maxBytes ? await file.readFile("utf8") : "";
  } catch {
    return "";
  } finally {
    await file.close();
  }
}
