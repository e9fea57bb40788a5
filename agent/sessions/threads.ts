// The threads that a CODEX_HOME holds: lists of them, newest first, and one of them by id or name.

import { realpath } from "node:fs/promises";
import { readCatalog } from "./catalog.ts";
import { isSessionId } from "./rollout-path.ts";
import { sessionPlaces } from "./session-files.ts";
import { sessionNames } from "./session-names.ts";

/** A thread as a list shows it. Texts are foreign: they may say anything, on one line. */
export interface ThreadSummary {
  readonly id: string;
  /** its rollout */
  readonly file: string;
  readonly isArchived: boolean;
  readonly createdAtMs: number;
  /** when something was last added to it */
  readonly updatedAtMs: number;
  readonly cwd: string;
  /** `cli`, `exec`, `vscode`, `mcp`, … */
  readonly source: string;
  readonly branch?: string;
  /** which model provider it was begun with, where that is recorded */
  readonly provider?: string;
  /** the first words of the user; absent where nothing was ever asked */
  readonly preview?: string;
  /** that the user has given to it */
  readonly name?: string;
}

/** Which threads. */
export interface ThreadFilter {
  readonly codexHome: string;
  /** the archived ones and no others; otherwise none of them */
  readonly isArchived?: boolean;
  /** begun in this folder */
  readonly cwd?: string;
  readonly sources?: readonly string[];
  /** also those in which nothing was ever asked */
  readonly includesEmpty?: boolean;
}

export interface ThreadPage {
  readonly threads: readonly ThreadSummary[];
  /** for the next page; absent on the last one */
  readonly nextCursor?: string;
}

/**
 * A page of threads, the last used first.
 *
 * @param request - `cursor` of the page before; one that means nothing gives the first page
 */
export async function listThreads(
  request: ThreadFilter & { readonly limit?: number; readonly cursor?: string },
): Promise<ThreadPage> {
  const { limit = 25, cursor } = request;
  const all = await matching(request);
  const after = cursor === undefined ? undefined : placeOf(cursor);
  const rest = after === undefined ? all : all.filter((thread) => order(thread, after) > 0);
  const threads = rest.slice(0, limit);
  const last = threads.at(-1);
  return { threads, ...(rest.length > limit && last !== undefined && { nextCursor: cursorOf(last) }) };
}

/** The thread that was used last, undefined where there is none. */
export async function newestThread(filter: ThreadFilter): Promise<ThreadSummary | undefined> {
  return (await listThreads({ ...filter, limit: 1 })).threads[0];
}

/**
 * The file of a thread.
 *
 * @param request - `idOrName`: an id is looked for in the names of files alone; of several threads of one
 *   name the one that was named last is meant
 */
export async function findThread(request: {
  readonly codexHome: string;
  readonly idOrName: string;
  readonly isArchived?: boolean;
}): Promise<{ readonly id: string; readonly file: string } | undefined> {
  const { codexHome, idOrName, isArchived = false } = request;
  const places = sessionPlaces(codexHome, isArchived);
  const ids = isSessionId(idOrName)
    ? [idOrName.toLowerCase()]
    : [...(await sessionNames(codexHome))]
        .filter(([, name]) => name === idOrName.trim())
        .map(([id]) => id)
        .toReversed();
  for (const id of ids) {
    const place = places.find((candidate) => candidate.id === id);
    if (place !== undefined) return { id, file: place.path };
  }
  return undefined;
}

async function matching(filter: ThreadFilter): Promise<readonly ThreadSummary[]> {
  const { codexHome, isArchived = false, cwd, sources, includesEmpty = false } = filter;
  const [entries, names] = await Promise.all([readCatalog(codexHome, isArchived), sessionNames(codexHome)]);
  const folders = cwd === undefined ? undefined : [cwd, await realpath(cwd).catch(() => cwd)];
  return entries
    .filter(
      ({ head }) =>
        (includesEmpty || head.preview !== undefined) &&
        (folders === undefined || folders.includes(head.cwd)) &&
        (sources === undefined || sources.includes(head.source)),
    )
    .map(({ id, path, modifiedAtMs, head }) => {
      const name = names.get(id);
      const times = { createdAtMs: head.createdAtMs, updatedAtMs: modifiedAtMs };
      return { id, file: path, isArchived, ...head, ...times, ...(name !== undefined && { name }) };
    })
    .toSorted(order);
}

interface Place {
  readonly updatedAtMs: number;
  readonly id: string;
}

/** Ids sort by the time at which threads began. */
function order(one: Place, other: Place): number {
  return other.updatedAtMs - one.updatedAtMs || (one.id < other.id ? 1 : one.id > other.id ? -1 : 0);
}

function cursorOf({ updatedAtMs, id }: Place): string {
  return `${updatedAtMs}|${id}`;
}

function placeOf(cursor: string): Place | undefined {
  const [time = "", id = ""] = cursor.split("|");
  return /^\d+(\.\d+)?$/.test(time) && isSessionId(id) ? { updatedAtMs: Number(time), id } : undefined;
}
