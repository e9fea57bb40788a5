// Looks for a text in all memory of a process, as root may: every readable mapping, as ASCII and as
// UTF-16, the two ways in which V8 keeps strings.

import fs from "node:fs";

export interface ScanResult {
  readonly scannedBytes: number;
  /** mappings that the kernel refused to show although they are mapped readable */
  readonly refusedMappings: number;
  readonly copies: number;
}

const windowBytes = 4 * 1024 * 1024;

/** Count the copies of `text` in a process. Needs root when the process is not dumpable. */
export function scanMemory(pid: number, text: string): ScanResult {
  const needles = [Buffer.from(text, "latin1"), Buffer.from(text, "utf16le")];
  const overlap = Math.max(...needles.map((needle) => needle.length)) - 1;
  const fd = fs.openSync(`/proc/${pid}/mem`, "r");
  const window = Buffer.alloc(windowBytes);
  let scannedBytes = 0;
  let refusedMappings = 0;
  let copies = 0;
  try {
    for (const { start, end } of readableMappings(pid)) {
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
        for (const needle of needles) copies += count(window.subarray(0, got), needle);
        if (got <= overlap || at + got >= end) break;
        at += got - overlap; // a copy may lie across two windows; it is whole in just one of them
      }
    }
  } finally {
    fs.closeSync(fd);
  }
  return { scannedBytes, refusedMappings, copies };
}

function readableMappings(pid: number): { start: number; end: number }[] {
  return fs
    .readFileSync(`/proc/${pid}/maps`, "utf8")
    .split("\n")
    .map((line) => /^([0-9a-f]+)-([0-9a-f]+) r/.exec(line))
    .filter((match) => match !== null)
    .map(([, start, end]) => ({
      start: Number.parseInt(start as string, 16),
      end: Number.parseInt(end as string, 16),
    }))
    .filter(({ end }) => Number.isSafeInteger(end)); // not vsyscall, at the top of the address space
}

function count(haystack: Buffer, needle: Buffer): number {
  let found = 0;
  for (let at = haystack.indexOf(needle); at !== -1; at = haystack.indexOf(needle, at + 1)) found++;
  return found;
}
