// Looks for the key wherever a client could have it: in the memory, arguments, environment and open files
// of a process and of everything that it starts, while they run, and in the files of its user.

import fs from "node:fs";
import { join } from "node:path";
import { scanMemory } from "../test/memory-scan.ts";

export interface SearchResult {
  readonly copies: number;
  /** processes that were looked at, by their names */
  readonly processes: readonly string[];
  readonly scannedBytes: number;
  /** processes whose memory is closed to this user */
  readonly closed: number;
  readonly files: number;
}

export interface KeySearch {
  /** look at all of them now; the memory of each is read at each call */
  look(): void;
  /** the last look, and the files below these folders */
  finish(folders: readonly string[]): SearchResult;
}

const pollMs = 15;

/** Begin to watch a process: what it starts is found within 15 ms, and looked at when it is found. */
export function watchForKey(key: string, pid: number): KeySearch {
  const known = new Map<number, string>();
  const closed = new Set<number>();
  let copies = 0;
  let scannedBytes = 0;
  const examine = (one: number) => {
    const { name, found, bytes, isClosed } = examined(one, key);
    if (name !== "") known.set(one, name);
    if (name !== "" && isClosed) closed.add(one);
    copies += found;
    scannedBytes += bytes;
  };
  const timer = setInterval(() => {
    // A process that has become another program has other memory.
    for (const one of treeOf(pid)) if (nameOf(one) !== known.get(one)) examine(one);
  }, pollMs);
  return {
    look: () => treeOf(pid).forEach(examine),
    finish(folders) {
      clearInterval(timer);
      const files = folders.flatMap(filesBelow);
      for (const file of files) if (fs.readFileSync(file).includes(key)) copies++;
      return {
        copies,
        processes: [...known.values()],
        scannedBytes,
        closed: closed.size,
        files: files.length,
      };
    },
  };
}

/** A process and all that come from it. */
function treeOf(pid: number): readonly number[] {
  const children = attempt(() => fs.readFileSync(`/proc/${pid}/task/${pid}/children`, "latin1"));
  const below = (children ?? "").split(" ").filter((text) => text.trim() !== "");
  return [pid, ...below.flatMap((child) => treeOf(Number(child)))];
}

// What a process has ended with in between cannot be looked at, and is not counted.
function examined(pid: number, key: string) {
  const name = nameOf(pid) ?? "";
  const texts = ["environ", "cmdline"].map((file) =>
    attempt(() => fs.readFileSync(`/proc/${pid}/${file}`, "latin1")),
  );
  const memory = attempt(() => scanMemory(pid, key));
  const inTexts = texts.filter((text) => text?.includes(key)).length;
  return {
    name,
    found: inTexts + (memory?.copies ?? 0),
    bytes: memory?.scannedBytes ?? 0,
    isClosed: memory === undefined && isAlive(pid),
  };
}

function nameOf(pid: number): string | undefined {
  return attempt(() => fs.readFileSync(`/proc/${pid}/comm`, "utf8").trim());
}

function isAlive(pid: number): boolean {
  return attempt(() => fs.readFileSync(`/proc/${pid}/statm`, "latin1"))?.startsWith("0 ") === false;
}

function filesBelow(folder: string): readonly string[] {
  return (fs.readdirSync(folder, { recursive: true }) as string[])
    .map((name) => join(folder, name))
    .filter((path) => attempt(() => fs.statSync(path).isFile()) === true);
}

function attempt<Result>(read: () => Result): Result | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}
