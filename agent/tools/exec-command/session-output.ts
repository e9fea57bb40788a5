// One look at a terminal, as the model reads it.

import { randomBytes } from "node:crypto";
import { firstBytes, lastBytes } from "../truncate.ts";

/** What is between two looks. */
export interface SessionLook {
  readonly output: string;
  readonly wallTimeMs: number;
  readonly maxOutputTokens: number;
  /** of a command that has ended, or the session that goes on */
  readonly state: { readonly exit_code: number } | { readonly session_id: number };
}

const bytesPerToken = 4;

/** Write it as JSON. */
export function sessionOutput({ output, wallTimeMs, maxOutputTokens, state }: SessionLook): string {
  const { text, originalTokens } = withinTokens(output, maxOutputTokens);
  return JSON.stringify({
    chunk_id: randomBytes(3).toString("hex"),
    wall_time_seconds: wallTimeMs / 1000,
    output: text,
    ...state,
    ...(originalTokens !== undefined && { original_token_count: originalTokens }),
  });
}

/** A text without its middle where it is too long, with a note of how much that was. */
function withinTokens(output: string, maxTokens: number): { text: string; originalTokens?: number } {
  const bytes = Buffer.from(output, "utf8");
  const limit = maxTokens * bytesPerToken;
  if (bytes.length <= limit) return { text: output };
  const head = firstBytes(bytes, Math.floor(limit / 2));
  const tail = lastBytes(bytes, limit - head.length);
  const missing = Math.ceil((bytes.length - head.length - tail.length) / bytesPerToken);
  return {
    text: `${head}…${missing} tokens truncated…${tail}`,
    originalTokens: Math.ceil(bytes.length / bytesPerToken),
  };
}
