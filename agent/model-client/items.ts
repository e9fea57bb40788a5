// What a conversation is made of, as the Responses API has it.

/** Part of a message. */
export type ContentPart =
  | { readonly type: "input_text"; readonly text: string }
  | { readonly type: "input_image"; readonly image_url: string }
  | { readonly type: "output_text"; readonly text: string };

/** An item of a request's `input`. */
export interface InputItem {
  readonly type: string;
  readonly [member: string]: unknown;
}

/** An item of an answer, as it came; its members are checked where they are read. */
export interface OutputItem {
  readonly type: string;
  readonly id?: string;
  readonly [member: string]: unknown;
}

/** A message of the user. */
export function userMessage(content: readonly ContentPart[]): InputItem {
  return { type: "message", role: "user", content };
}

/** The visible text of a message item: of an answer's parts, the text and what the model refuses with. */
export function messageText(item: OutputItem): string {
  return parts(item.content)
    .map((part) => (part.type === "refusal" ? part.refusal : part.type === "output_text" ? part.text : ""))
    .filter((text) => typeof text === "string")
    .join("");
}

/** The summaries of a reasoning item, each one a text. */
export function reasoningSummaries(item: OutputItem): readonly string[] {
  return parts(item.summary)
    .map(({ text }) => text)
    .filter((text) => typeof text === "string");
}

/** The raw reasoning of models that show it. */
export function reasoningTexts(item: OutputItem): readonly string[] {
  return parts(item.content)
    .filter(({ type }) => type === "reasoning_text" || type === "text")
    .map(({ text }) => text)
    .filter((text) => typeof text === "string");
}

function parts(value: unknown): readonly Record<string, unknown>[] {
  return Array.isArray(value) ? value.filter((part) => typeof part === "object" && part !== null) : [];
}

/**
 * An item of an answer as it is sent back in the next request: what the service needs of it, and its id
 * only where that is kept on the other side (Azure).
 */
export function asInput(item: OutputItem, keepsIds: boolean): InputItem {
  const id = keepsIds && item.id !== undefined ? { id: item.id } : {};
  if (item.type === "message") {
    const content = parts(item.content).map(({ type, text, refusal }) =>
      type === "refusal" ? { type: "output_text", text: refusal } : { type, text },
    );
    return { type: "message", ...id, role: item.role ?? "assistant", content };
  }
  if (item.type === "reasoning") {
    const { summary = [], encrypted_content = null } = item;
    return { type: "reasoning", ...id, summary, content: null, encrypted_content };
  }
  const { id: _, status, ...rest } = item;
  const keepsStatus = status !== undefined && item.type !== "function_call";
  return { ...rest, ...id, ...(keepsStatus && { status }), type: item.type };
}
