// Prompts for work beside the user's own: summarising a conversation, and reviewing a change.

import { promptText } from "./prompt-text.ts";

/** The user message that asks for a summary, at the end of the history that is summarised. */
export function compactionPrompt(): string {
  return promptText("compaction");
}

/** The `instructions` of a review. */
export function reviewInstructions(): string {
  return promptText("review");
}
