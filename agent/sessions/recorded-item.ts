// What a recorded item is to the next request: the members that the service takes, without what the
// original's releases note beside them, and without what only they can go on with.

import { objectOf } from "../json-object.ts";
import type { InputItem } from "../model-client/items.ts";

const members: ReadonlyMap<string, readonly string[]> = new Map(
  Object.entries({
    message: ["role", "content"],
    reasoning: ["summary", "content", "encrypted_content"],
    function_call: ["name", "arguments", "call_id"],
    function_call_output: ["call_id", "output"],
    custom_tool_call: ["status", "call_id", "name", "input"],
    custom_tool_call_output: ["call_id", "output"],
    local_shell_call: ["call_id", "status", "action"],
    web_search_call: ["status", "action"],
    compaction: ["encrypted_content"],
  }),
);

/** Items that were never meant for the model. */
const notes: readonly string[] = ["ghost_snapshot", "other"];

/**
 * @returns the item as it is sent; undefined where nothing of it is; the kind of one that would be missed
 */
export function fromRecord(item: InputItem): InputItem | undefined | { readonly missed: string } {
  const kept = members.get(item.type);
  if (kept === undefined) return notes.includes(item.type) ? undefined : { missed: item.type };
  const sent: Record<string, unknown> = { type: item.type };
  for (const member of kept) if (item[member] !== undefined) sent[member] = item[member];
  // Old ones are answered by the id of the item.
  if (item.type === "local_shell_call" && typeof item.call_id !== "string") sent.id = item.id;
  if (item.type !== "message") return sent as unknown as InputItem;
  const content = contentOf(item);
  return content.length === 0 ? undefined : { type: "message", role: item.role, content };
}

// In the developer's role the newer releases describe their own tools and rules, in tags, and do so again
// at each start: here they would be wrong.
const ownRules = /^\s*<[a-z][a-z_ ]*>/;

function contentOf({ role, content }: InputItem): readonly unknown[] {
  const parts: readonly unknown[] = Array.isArray(content) ? content : [];
  return parts
    .map(objectOf)
    .filter((part) => part !== undefined)
    .filter(({ text }) => role !== "developer" || typeof text !== "string" || !ownRules.test(text))
    .map(({ type, text, image_url, refusal }) => {
      if (type === "refusal") return { type: "output_text", text: refusal };
      return type === "input_image" ? { type, image_url } : { type, text };
    });
}
