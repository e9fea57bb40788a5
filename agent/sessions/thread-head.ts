// What a list says of a thread, from the beginning of its file: where it worked, and the first words of
// the user.

import { constants } from "node:fs";
import { userText } from "../conversation/compacted-history.ts";
import { oneLine } from "../foreign-text.ts";
import { objectOf } from "../json-object.ts";
import { userMessage } from "../model-client/items.ts";
import type { RolloutEntry } from "./rollout-entry.ts";
import { parseRolloutLine } from "./rollout-line.ts";
import { rolloutLines } from "./rollout-lines.ts";
import { openSessionFile } from "./session-folder.ts";

export interface ThreadHead {
  readonly createdAtMs: number;
  readonly cwd: string;
  readonly source: string;
  readonly branch?: string;
  readonly provider?: string;
  /** the first words of the user, on one line; absent where there were none */
  readonly preview?: string;
}

const maxPreviewLength = 300;
// Of instructions, lists of tools and the like, before the user's first words.
const maxHeadBytes = 2 * 1024 * 1024;
const bounds = {
  firstChunkBytes: 16 * 1024,
  // The first words may bring pictures with them. What has no end of a line is no thread.
  lastLineBytes: 64 * 1024 * 1024,
};

/** @returns undefined for a file that cannot be read, or is no record of a thread */
export async function readHead(path: string): Promise<ThreadHead | undefined> {
  const opened = await openSessionFile(path, constants.O_RDONLY).catch(() => undefined);
  if (opened === undefined) return undefined;
  try {
    let head: ThreadHead | undefined;
    let likelyWords: string | undefined;
    for await (const { text, endOffset } of rolloutLines(opened.file, bounds)) {
      const entry = parseRolloutLine(text ?? "");
      if (entry !== undefined) {
        head ??= headOf(entry);
        if (head === undefined) return undefined;
        const words = wordsOfEvent(entry);
        if (words !== undefined) return { ...head, preview: oneLine(words, [], maxPreviewLength) };
        if (entry.type === "response_item") likelyWords ??= userText(entry.payload);
        if (isAnswer(entry)) break;
      }
      if (endOffset > maxHeadBytes) break;
    }
    if (likelyWords === undefined) return head;
    return head && { ...head, preview: oneLine(likelyWords, [], maxPreviewLength) };
  } catch {
    return undefined;
  } finally {
    await opened.file.close();
  }
}

function headOf({ type, payload }: RolloutEntry): ThreadHead | undefined {
  if (type !== "session_meta") return undefined;
  const meta: Readonly<Record<string, unknown>> = { ...payload };
  const createdAtMs = Date.parse(String(meta.timestamp));
  const branch = objectOf(meta.git)?.branch;
  return {
    createdAtMs: Number.isNaN(createdAtMs) ? 0 : createdAtMs,
    cwd: typeof meta.cwd === "string" ? meta.cwd : "",
    source:
      typeof meta.source === "string" ? meta.source : (Object.keys(objectOf(meta.source) ?? {})[0] ?? ""),
    ...(typeof branch === "string" && { branch }),
    ...(typeof meta.model_provider === "string" && { provider: meta.model_provider }),
  };
}

// The event says for certain what was typed, in one of two ways; the item may be something that a release
// has put before it.
function wordsOfEvent({ type, payload }: RolloutEntry): string | undefined {
  if (type !== "event_msg") return undefined;
  const event: Readonly<Record<string, unknown>> = { ...payload };
  if (event.type === "user_message" && typeof event.message === "string") return typed(event.message);
  const item = event.type === "item_completed" ? objectOf(event.item) : undefined;
  if (item?.type !== "UserMessage" || !Array.isArray(item.content)) return undefined;
  const texts = item.content.map((part) => objectOf(part)?.text).filter((text) => typeof text === "string");
  return typed(texts.join("\n"));
}

function typed(text: string): string | undefined {
  return userText(userMessage([{ type: "input_text", text }]));
}

function isAnswer({ type, payload }: RolloutEntry): boolean {
  return type === "response_item" && payload.role !== "user" && payload.role !== "developer";
}
