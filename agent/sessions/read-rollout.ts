// Reads a thread back from its file, one of ours or of any release of the original since 0.32. What a
// killed process or a power failure has left half is left out and told; nothing is changed here.

import { constants } from "node:fs";
import { basename } from "node:path";
import { oneLine } from "../foreign-text.ts";
import { objectOf } from "../json-object.ts";
import { reasonOf } from "../system-error.ts";
import { SessionError } from "./errors.ts";
import { replay } from "./replay.ts";
import type { RolloutEntry, SessionMeta } from "./rollout-entry.ts";
import { entryBehindCut, parseRolloutLine } from "./rollout-line.ts";
import { rolloutLines } from "./rollout-lines.ts";
import { isSessionId } from "./rollout-path.ts";
import { openSessionFile } from "./session-folder.ts";
import type { RecordedThread } from "./thread-store.ts";

const maxKindLength = 60;
/** All of it is held in memory. */
const maxFileBytes = 512 * 1024 * 1024;

/**
 * Read a thread.
 *
 * @throws {SessionError} SESSION_UNREADABLE, SESSION_NOT_A_ROLLOUT, SESSION_TOO_LARGE, SESSION_UNSAFE
 */
export async function readRollout(path: string): Promise<RecordedThread> {
  const { file, facts } = await openSessionFile(path, constants.O_RDONLY).catch((error: unknown) => {
    if (error instanceof SessionError) throw error;
    throw new SessionError(
      "SESSION_UNREADABLE",
      `cannot read the session ${path}: ${reasonOf(error)}`,
      error,
    );
  });
  try {
    if (facts.size > maxFileBytes) {
      const limit = `${maxFileBytes / 1024 / 1024} MiB`;
      throw new SessionError("SESSION_TOO_LARGE", `the session ${path} is larger than ${limit}`);
    }
    const entries: RolloutEntry[] = [];
    let size = 0;
    let wholeSize = 0;
    let badLineCount = 0;
    for await (const { text, endOffset, isWhole } of rolloutLines(file)) {
      size = endOffset;
      const entry = text === undefined ? undefined : parseRolloutLine(text);
      if (entry !== undefined) entries.push(entry);
      else if (isWhole && text?.trim() !== "") {
        badLineCount += 1;
        const found = entryBehindCut(text ?? "");
        if (found !== undefined) entries.push(found);
      }
      if (isWhole || entry !== undefined) wholeSize = endOffset;
    }
    const meta = metaOf(entries);
    if (meta === undefined) {
      throw new SessionError("SESSION_NOT_A_ROLLOUT", `${path} does not begin as a session does`);
    }
    const { missed, ...end } = replay(entries);
    const warnings = warningsOf(basename(path), { badLineCount, isCutOff: wholeSize < size, missed });
    return { id: meta.id, file: path, size, wholeSize, meta, ...end, entries, warnings };
  } finally {
    await file.close();
  }
}

/** A session that was forked holds the meta data of the other one behind its own. */
function metaOf(entries: readonly RolloutEntry[]): SessionMeta | undefined {
  const entry = entries.find(({ type }) => type === "session_meta");
  const meta = objectOf(entry?.payload);
  if (typeof meta?.id !== "string" || !isSessionId(meta.id)) return undefined;
  const text = (value: unknown, otherwise: string) => (typeof value === "string" ? value : otherwise);
  return {
    ...(meta as unknown as SessionMeta),
    timestamp: text(meta.timestamp, ""),
    cwd: text(meta.cwd, ""),
    originator: text(meta.originator, ""),
    cli_version: text(meta.cli_version, ""),
    instructions: typeof meta.instructions === "string" ? meta.instructions : null,
    source: text(meta.source, Object.keys(objectOf(meta.source) ?? {})[0] ?? "unknown"),
  };
}

function warningsOf(
  name: string,
  found: { badLineCount: number; isCutOff: boolean; missed: ReadonlyMap<string, number> },
): readonly string[] {
  const { badLineCount, isCutOff, missed } = found;
  const kinds = [...missed].map(([kind, count]) => {
    const shown = oneLine(kind, [], maxKindLength);
    return count === 1 ? shown : `${shown} (${count} times)`;
  });
  return [
    ...(isCutOff ? [`the last line of ${name} was cut off and is left out`] : []),
    ...(badLineCount > 0
      ? [`${badLineCount === 1 ? "a line" : `${badLineCount} lines`} of ${name} cannot be read`]
      : []),
    ...(kinds.length > 0 ? [`left out of the conversation, as unknown here: ${kinds.join(", ")}`] : []),
  ];
}
