// What lists need of every thread, kept in one file beside the sessions so that a list of thousands opens
// none of them. It is a cache: whatever is wrong with it, or missing in it, is read from the sessions again,
// and several processes may replace it at once.

import { basename, join } from "node:path";
import { readBoundedFile } from "../bounded-file.ts";
import { objectOf, parseObject } from "../json-object.ts";
import { replaceFile } from "../replace-file.ts";
import { archiveFolder, idOfRollout, sessionsFolder } from "./rollout-path.ts";
import { type SessionFile, sessionFiles } from "./session-files.ts";
import { readHead, type ThreadHead } from "./thread-head.ts";

export interface CatalogEntry extends SessionFile {
  readonly head: ThreadHead;
}

/** Not session_index.jsonl, in which the original keeps the names of threads. */
export const catalogName = "session-catalog.json";
const version = 1;
const maxBytes = 256 * 1024 * 1024;

interface KnownHead {
  readonly size: number;
  readonly modifiedAtMs: number;
  /** absent for a file that is no record of a thread */
  readonly head?: ThreadHead;
}

/** All threads, in no order. */
export async function readCatalog(codexHome: string, isArchived: boolean): Promise<readonly CatalogEntry[]> {
  const [known, files] = await Promise.all([load(codexHome), sessionFiles(codexHome, isArchived)]);
  const current = new Map<string, KnownHead>();
  const unknown: SessionFile[] = [];
  for (const file of files) {
    const before = known.get(file.relativePath);
    if (before !== undefined && isStill(before, file)) current.set(file.relativePath, before);
    else unknown.push(file);
  }
  await forEach(unknown, async (file) => {
    const { size, modifiedAtMs } = file;
    const head = await readHead(file.path);
    current.set(file.relativePath, { size, modifiedAtMs, ...(head !== undefined && { head }) });
  });
  const folder = join(isArchived ? archiveFolder : sessionsFolder, "/");
  const others = [...known].filter(([path]) => !path.startsWith(folder));
  // What was said in a thread that is gone is nobody's business any more.
  const hasGone = [...known.keys()].some(isGone(folder, current));
  if (unknown.length >= worthWriting || hasGone) {
    await save(codexHome, [...others, ...current]);
  }
  return files.flatMap((file) => {
    const head = current.get(file.relativePath)?.head;
    return head === undefined ? [] : [{ ...file, head }];
  });
}

function isGone(folder: string, current: ReadonlyMap<string, unknown>): (path: string) => boolean {
  return (path) => path.startsWith(folder) && !current.has(path);
}

/** Leave no word of a thread that was deleted, wherever it has been. */
export async function forgetInCatalog(codexHome: string, id: string): Promise<void> {
  const known = await load(codexHome);
  const others = [...known].filter(([path]) => idOfRollout(basename(path)) !== id);
  if (others.length < known.size) await save(codexHome, others);
}

/** A list must not take longer for writing down what can be found out faster. */
const worthWriting = 32;

// Threads are only ever appended to: once the beginning is known, it stays.
function isStill(before: KnownHead, { size, modifiedAtMs }: SessionFile): boolean {
  if (before.size === size && before.modifiedAtMs === modifiedAtMs) return true;
  return before.head?.preview !== undefined && size > before.size;
}

// Each may hold a line with pictures; the system reads for four at once.
const readersAtOnce = 4;

async function forEach<T>(values: readonly T[], action: (value: T) => Promise<void>): Promise<void> {
  let next = 0;
  const reader = async () => {
    while (next < values.length) await action(values[next++] as T);
  };
  await Promise.all(Array.from({ length: readersAtOnce }, reader));
}

async function load(codexHome: string): Promise<ReadonlyMap<string, KnownHead>> {
  const file = await readBoundedFile(join(codexHome, catalogName), maxBytes).catch(() => undefined);
  const catalog = parseObject(file?.bytes.toString("utf8") ?? "");
  const heads = new Map<string, KnownHead>();
  if (catalog?.version !== version) return heads;
  for (const [path, known] of Object.entries(objectOf(catalog.sessions) ?? {})) {
    if (isKnownHead(known)) heads.set(path, known);
  }
  return heads;
}

function isKnownHead(value: unknown): value is KnownHead {
  const known = objectOf(value);
  if (typeof known?.size !== "number" || typeof known.modifiedAtMs !== "number") return false;
  if (known.head === undefined) return true;
  const head = objectOf(known.head);
  return (
    typeof head?.createdAtMs === "number" &&
    typeof head.cwd === "string" &&
    typeof head.source === "string" &&
    isTextOrAbsent(head.branch) &&
    isTextOrAbsent(head.provider) &&
    isTextOrAbsent(head.preview)
  );
}

function isTextOrAbsent(value: unknown): boolean {
  return value === undefined || typeof value === "string";
}

async function save(codexHome: string, heads: readonly (readonly [string, KnownHead])[]): Promise<void> {
  const text = JSON.stringify({ version, sessions: Object.fromEntries(heads) });
  // A home that is full or read-only has no catalog.
  await replaceFile(join(codexHome, catalogName), text).catch(() => {});
}
