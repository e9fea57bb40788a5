// What stays of a conversation that has become too long: what every thread begins with, what the user has
// said, and a summary. Pure: rollouts that hold a summary are replayed with it too.

import type { InputItem } from "../model-client/items.ts";
import { userMessage } from "../model-client/items.ts";
import { textTokens } from "./token-estimate.ts";
import { withoutMiddle } from "./without-middle.ts";

/** Of all that the user has said; the newest is kept. */
const maxUserTokens = 20_000;

const summaryOpening =
  "The conversation up to here had become too long. It was replaced by the messages of the user above and " +
  "by this summary, which the model that did the work has written. Go on from it; do not repeat what it " +
  "says is done.\n\n";

// Messages in the user's role that the user never wrote: ours, and those of the original's releases.
const openings = [
  "<user_instructions>",
  "<environment_context>",
  "# AGENTS.md instructions for ",
  "<turn_aborted>",
  summaryOpening.slice(0, 50),
  "You were originally given instructions from a user over one or more turns.",
  "Another language model started to solve this problem",
];

export interface CompactionRequest {
  /** what the model is told before the first message of the user */
  readonly initial: readonly InputItem[];
  /** all of it, from the start */
  readonly history: readonly InputItem[];
  readonly summary: string;
  /** how large a history may become before it is summarized; half of it is for what the user has said */
  readonly limitTokens?: number | undefined;
}

/** The history that takes the place of `history`. */
export function compactedHistory({
  initial,
  history,
  summary,
  limitTokens = Number.POSITIVE_INFINITY,
}: CompactionRequest): readonly InputItem[] {
  const text = summary.trim() === "" ? "(no summary available)" : summary;
  const said = history.map(userText).filter((words) => words !== undefined);
  return [
    ...initial,
    ...newest(said, Math.min(maxUserTokens, limitTokens / 2)).map(textMessage),
    textMessage(`${summaryOpening}${text}`),
  ];
}

/** What a user wrote in a message; undefined for other items, and for messages that only look like theirs. */
export function userText(item: InputItem): string | undefined {
  if (item.type !== "message" || item.role !== "user" || !Array.isArray(item.content)) return undefined;
  const text = item.content
    .map((part: unknown) => (part as { readonly type?: unknown; readonly text?: unknown } | null) ?? {})
    .filter((part) => part.type === "input_text" && typeof part.text === "string")
    .map((part) => part.text)
    .join("\n");
  return text.trim() === "" || openings.some((opening) => text.startsWith(opening)) ? undefined : text;
}

// The last message that has no room is cut, those before it are left out.
function newest(texts: readonly string[], maxTokens: number): readonly string[] {
  const kept: string[] = [];
  let room = maxTokens;
  for (const text of texts.toReversed()) {
    if (room <= 0) break;
    const tokens = textTokens(text);
    kept.unshift(tokens <= room ? text : withoutMiddle(text, Math.floor((text.length * room) / tokens)));
    room -= tokens;
  }
  return kept;
}

function textMessage(text: string): InputItem {
  return userMessage([{ type: "input_text", text }]);
}
