// The file of --audit-log, as the launcher has opened it (native/launcher/audit-file.c): how it ends, before
// anything is added to it.

import fs from "node:fs";
import { StartError } from "../errors.ts";
import { type ChainHead, chainStart, readChainedLine } from "./audit-chain.ts";

// A record has some 600 bytes, and never more than 2 KiB.
const maxTailBytes = 64 * 1024;

// How every record begins, without a chain and with one.
const recordStarts = ['{"time":"', '{"seq":'];

export interface AuditFileEnd {
  /** where the chain goes on; undefined without one */
  readonly head: ChainHead | undefined;
  /** of a record that was not written to its end when the machine or the proxy went down; now cut off */
  readonly unfinishedBytes: number;
}

/**
 * Make the file ready for the next record.
 *
 * @param path - for messages
 * @throws {StartError} PXY_START_AUDIT_LOG for a file that no record can follow
 */
export function takeAuditFile(fd: number, path: string, isChained: boolean): AuditFileEnd {
  const refuse = (reason: string, cause?: unknown) =>
    new StartError("PXY_START_AUDIT_LOG", `--audit-log ${path}: ${reason}`, { cause });
  try {
    const { size } = fs.fstatSync(fd);
    const tail = Buffer.alloc(Math.min(size, maxTailBytes));
    fs.readSync(fd, tail, 0, tail.length, size - tail.length);
    const end = tail.lastIndexOf(0x0a) + 1;
    const unfinishedBytes = tail.length - end;
    // Another file's last line is not cut off: whoever named that file by mistake keeps it.
    if ((size > maxTailBytes && end === 0) || !isBegunRecord(tail.subarray(end))) {
      throw refuse("its last line is no record");
    }
    if (unfinishedBytes > 0) fs.ftruncateSync(fd, size - unfinishedBytes);
    if (end === 0) return { head: isChained ? chainStart : undefined, unfinishedBytes };

    const begin = end < 2 ? 0 : tail.lastIndexOf(0x0a, end - 2) + 1;
    const last = readChainedLine(tail.subarray(begin, end - 1));
    if (!isChained) {
      if (last !== undefined)
        throw refuse("it ends in a chained record: give --audit-chain, or another file");
      return { head: undefined, unfinishedBytes };
    }
    if (last?.isIntact !== true) throw refuse("it does not end in a record of a chain: give another file");
    return { head: { seq: last.seq, hash: last.hash }, unfinishedBytes };
  } catch (cause) {
    if (cause instanceof StartError) throw cause;
    throw refuse((cause as NodeJS.ErrnoException).code ?? "unknown error", cause);
  }
}

// A power failure can leave zeros in place of what was written last.
function isBegunRecord(rest: Buffer): boolean {
  const text = rest.toString("latin1", 0, 16);
  return text.startsWith("\0") || recordStarts.some((start) => start.startsWith(text.slice(0, start.length)));
}
