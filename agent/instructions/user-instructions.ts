// Messages in the user's role that the program writes at the start of a thread.

import { type InputItem, userMessage } from "../model-client/items.ts";

/** The message with the texts of AGENTS.md files, which opens a thread. */
export function userInstructionsMessage(text: string): InputItem {
  const tagged = `<user_instructions>\n\n${text}\n\n</user_instructions>`;
  return userMessage([{ type: "input_text", text: tagged }]);
}
