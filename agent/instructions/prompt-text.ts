// The texts that this folder sends to models. Each is a file of Markdown beside this one, so that people
// can read and judge it as it is sent.

import { readFileSync } from "node:fs";

export type PromptName =
  | "agents-files"
  | "answers"
  | "codex"
  | "commands-local-shell"
  | "commands-sessions"
  | "commands-shell"
  | "compaction"
  | "escalation"
  | "general"
  | "ground-rules"
  | "parallel"
  | "patch-in-shell"
  | "patch-tool"
  | "permissions"
  | "pictures"
  | "plan"
  | "review";

const texts = new Map<PromptName, string>();

/** @returns the text, without white space around it */
export function promptText(name: PromptName): string {
  const text = texts.get(name) ?? readFileSync(new URL(`prompts/${name}.md`, import.meta.url), "utf8").trim();
  texts.set(name, text); // a thread asks for each request
  return text;
}
