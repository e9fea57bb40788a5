// The hash chain of an audit log: each record carries its number, the hash of the record before it, and
// its own. No record can be changed, moved, put in or taken out without every later hash telling it. Used
// by the proxy, which writes the chain, and by `audit verify`, which reads it.

import { hash as digest } from "node:crypto";

/** What a record follows on: the number and hash of the one before it. */
export interface ChainHead {
  /** 0 before the first record */
  readonly seq: number;
  /** SHA-256 in hexadecimal */
  readonly hash: string;
}

/** Before the first record of a log. */
export const chainStart: ChainHead = { seq: 0, hash: "0".repeat(64) };

/**
 * Make the next record's line.
 *
 * @param record - without `seq`, `prev` and `hash`
 * @returns the line without its newline, and the head after it
 */
export function chainRecord(head: ChainHead, record: object): { line: string; head: ChainHead } {
  const seq = head.seq + 1;
  const text = JSON.stringify({ seq, prev: head.hash, ...record });
  const hash = hashOf(text);
  return { line: `${text.slice(0, -1)},"hash":"${hash}"}`, head: { seq, hash } };
}

export interface ChainedLine {
  readonly seq: number;
  readonly prev: string;
  readonly hash: string;
  /** whether the hash is that of the record */
  readonly isIntact: boolean;
  readonly record: Readonly<Record<string, unknown>>;
}

// What stands behind the hashed text: ,"hash":"64 digits"}
const hashMemberBytes = 75;

/**
 * Take a line apart, byte by byte as it stands.
 *
 * @param line - without its newline
 * @returns undefined for a line that is no record of a chain
 */
export function readChainedLine(line: Buffer): ChainedLine | undefined {
  if (line.length <= hashMemberBytes) return undefined;
  const end = line.subarray(line.length - hashMemberBytes).toString("latin1");
  const hash = /^,"hash":"([0-9a-f]{64})"\}$/.exec(end)?.[1];
  if (hash === undefined) return undefined;
  const text = Buffer.concat([line.subarray(0, line.length - hashMemberBytes), Buffer.from("}")]);
  let record: Record<string, unknown>;
  try {
    record = JSON.parse(text.toString("utf8"));
  } catch {
    return undefined;
  }
  const { seq, prev } = record;
  if (!Number.isSafeInteger(seq) || typeof prev !== "string") return undefined;
  return { seq: seq as number, prev, hash, isIntact: hashOf(text) === hash, record };
}

function hashOf(text: Buffer | string): string {
  return digest("sha256", text, "hex");
}
