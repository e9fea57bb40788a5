// Looks for a text in all memory of a process, as root may: every readable mapping, as ASCII and as
// UTF-16, the two ways in which V8 keeps strings.

import fs from "node:fs";

export interface ScanResult {
  readonly scannedBytes: number;
  /** mappings that the kernel refused to show although they are mapped readable */
  readonly refusedMappings: number;
  readonly copies: number;
  /** for each copy its mapping and what stands around it, to find out whose it is */
  readonly places: readonly string[];
}

const windowBytes = 4 * 1024 * 1024;

/** Count the copies of `text` in a process. Needs root when the process is not dumpable. */
export function scanMemory(pid: number, text: string): ScanResult {
  return scanMemoryForAll(pid, [text]);
}

/** Count the copies of all the texts together, in one pass. */
export function scanMemoryForAll(pid: number, texts: readonly string[]): ScanResult {
  const needles = texts.flatMap((text) => [Buffer.from(text, "latin1"), Buffer.from(text, "utf16le")]);
  const overlap = Math.max(...needles.map((needle) => needle.length)) - 1;
  const fd = fs.openSync(`/proc/${pid}/mem`, "r");
  const window = Buffer.alloc(windowBytes);
  let scannedBytes = 0;
  let refusedMappings = 0;
  const places: string[] = [];
  try {
    for (const { start, end, line } of readableMappings(pid)) {
      let at = start;
      while (at < end) {
        let got: number;
        try {
          got = fs.readSync(fd, window, 0, Math.min(windowBytes, end - at), at);
        } catch {
          refusedMappings++;
          break;
        }
        if (got === 0) break;
        scannedBytes += got;
        const seen = window.subarray(0, got);
        for (const needle of needles) {
          for (const index of indexesOf(seen, needle)) places.push(`${line}: ${around(seen, index, needle)}`);
        }
        if (got <= overlap || at + got >= end) break;
        at += got - overlap; // a copy may lie across two windows; it is whole in just one of them
      }
    }
  } finally {
    fs.closeSync(fd);
  }
  return { scannedBytes, refusedMappings, copies: places.length, places };
}

function readableMappings(pid: number): { start: number; end: number; line: string }[] {
  return fs
    .readFileSync(`/proc/${pid}/maps`, "utf8")
    .split("\n")
    .map((line) => /^([0-9a-f]+)-([0-9a-f]+) r/.exec(line))
    .filter((match) => match !== null)
    .map(({ input, 1: start, 2: end }) => ({
      line: input,
      start: Number.parseInt(start as string, 16),
      end: Number.parseInt(end as string, 16),
    }))
    .filter(({ end }) => Number.isSafeInteger(end)); // not vsyscall, at the top of the address space
}

function indexesOf(haystack: Buffer, needle: Buffer): number[] {
  const found: number[] = [];
  for (let at = haystack.indexOf(needle); at !== -1; at = haystack.indexOf(needle, at + 1)) found.push(at);
  return found;
}

function around(bytes: Buffer, at: number, needle: Buffer): string {
  const before = bytes.subarray(Math.max(0, at - 80), at);
  const behind = bytes.subarray(at + needle.length, at + needle.length + 80);
  return JSON.stringify(`${before.toString("latin1")}<HERE>${behind.toString("latin1")}`);
}
