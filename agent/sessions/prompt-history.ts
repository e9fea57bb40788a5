// history.jsonl: what was typed at the prompt of any session, for whoever looks for it again. One line
// each, appended as a whole; the oldest go when it becomes too long.

import { constants } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { join } from "node:path";
import { ensureCodexHome } from "../codex-home.ts";
import { withFileLock } from "../file-lock.ts";
import { parseObject } from "../json-object.ts";
import { replaceFile } from "../replace-file.ts";

export interface PromptHistoryPlace {
  readonly codexHome: string;
  readonly persistence: "save-all" | "none";
  /** how long the file may become; as long as it likes where this is not given */
  readonly maxBytes?: number | undefined;
}

export interface TypedPrompt {
  readonly sessionId: string;
  /** Unix time in milliseconds; the file has seconds */
  readonly atMs: number;
  readonly text: string;
}

const fileName = "history.jsonl";
// Not the file itself, as the original locks it, which needs flock(2).
const lockName = ".history.jsonl.lock";
const { O_APPEND, O_CREAT, O_NONBLOCK, O_RDONLY, O_RDWR } = constants;

/** What remains of the limit after the oldest are gone, so that not every prompt rewrites the file. */
const shareKept = 0.8;

/**
 * Put a prompt at the end.
 *
 * @throws {FileLockError} while another process keeps the lock
 * @throws {Error} of the system
 */
export async function addToPromptHistory(place: PromptHistoryPlace, prompt: TypedPrompt): Promise<void> {
  const { codexHome, persistence, maxBytes } = place;
  if (persistence === "none") return;
  await ensureCodexHome(codexHome);
  const path = join(codexHome, fileName);
  const { sessionId, atMs, text } = prompt;
  const entry = { session_id: sessionId, ts: Math.floor(atMs / 1000), text: Buffer.from(text).toString() };
  const line = Buffer.from(`${JSON.stringify(entry)}\n`);
  await withFileLock(
    join(codexHome, lockName),
    async () => {
      const size = await append(path, line);
      if (maxBytes !== undefined && size > maxBytes) await trim(path, maxBytes);
    },
    { waitMs: 2_000 },
  );
}

/** Prompts of all sessions, the newest first. */
export async function readPromptHistory(codexHome: string, limit: number): Promise<readonly TypedPrompt[]> {
  const bytes = await lastBytes(join(codexHome, fileName), maxReadBytes);
  const prompts: TypedPrompt[] = [];
  for (const line of bytes.toString("utf8").split("\n").toReversed()) {
    if (prompts.length >= limit) break;
    const { session_id: sessionId, ts, text } = parseObject(line) ?? {};
    if (typeof sessionId !== "string" || typeof ts !== "number" || typeof text !== "string") continue;
    prompts.push({ sessionId, atMs: ts * 1000, text });
  }
  return prompts;
}

const maxReadBytes = 16 * 1024 * 1024;

/** @returns the size of the file afterwards */
async function append(path: string, line: Buffer): Promise<number> {
  const file = await open(path, O_RDWR | O_APPEND | O_CREAT | O_NONBLOCK, 0o600);
  try {
    const { size } = await regularFile(path, file);
    await file.chmod(0o600).catch(() => {});
    // Behind a line that was cut off begins a new one.
    const isOpenLine = size > 0 && (await file.read(Buffer.alloc(1), 0, 1, size - 1)).buffer[0] !== 0x0a;
    const bytes = isOpenLine ? Buffer.concat([Buffer.from("\n"), line]) : line;
    let written = 0;
    try {
      while (written < bytes.length) written += (await file.write(bytes, written)).bytesWritten;
    } catch (error) {
      if (written > 0) await file.truncate(size).catch(() => {});
      throw error;
    }
    return size + bytes.length;
  } finally {
    await file.close();
  }
}

async function trim(path: string, maxBytes: number): Promise<void> {
  const kept = Math.floor(maxBytes * shareKept);
  const bytes = await lastBytes(path, Math.max(kept, 1) + 1);
  // From the first whole line on; the newest one stays, however long it is.
  const start = bytes.indexOf(0x0a) + 1;
  const rest = start === bytes.length || start === 0 ? await lastLine(path) : bytes.subarray(start);
  await replaceFile(path, rest.toString("utf8"));
}

async function lastLine(path: string): Promise<Buffer> {
  const bytes = await lastBytes(path, maxReadBytes);
  return bytes.subarray(bytes.lastIndexOf(0x0a, bytes.length - 2) + 1);
}

/** @returns the end of the file, none where there is no file */
async function lastBytes(path: string, count: number): Promise<Buffer> {
  let file: FileHandle;
  try {
    file = await open(path, O_RDONLY | O_NONBLOCK);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return Buffer.alloc(0);
    throw error;
  }
  try {
    const { size } = await regularFile(path, file);
    const length = Math.min(size, count);
    const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, size - length);
    return buffer.subarray(0, bytesRead);
  } finally {
    await file.close();
  }
}

async function regularFile(path: string, file: FileHandle): Promise<{ readonly size: number }> {
  const facts = await file.stat();
  if (facts.isFile()) return facts;
  throw Object.assign(new Error(`${path} is not a file`), { code: "EINVAL" });
}
