// Asks the model for a summary of a conversation. Where even that has no room, the oldest items are left out
// of what it reads, more of them each time.

import { AgentError } from "../errors.ts";
import { type InputItem, messageText, userMessage } from "../model-client/items.ts";
import type { ModelEvent } from "../model-client/model-events.ts";
import { normalized } from "./history.ts";

export interface SummaryRequest {
  readonly history: readonly InputItem[];
  /** how many items at its start are never left out */
  readonly initialCount: number;
  /** what the model is asked to write */
  readonly prompt: string;
  /** sends a request without tools */
  ask(input: readonly InputItem[]): AsyncIterable<ModelEvent>;
  /** hears all of it */
  onEvent(event: ModelEvent): void;
}

/**
 * Have a history summarized.
 *
 * @returns the last message of the answer, empty where there was none
 * @throws what `ask` throws, where leaving out would not help or nothing is left
 */
export async function summarize(request: SummaryRequest): Promise<string> {
  const initial = request.history.slice(0, request.initialCount);
  let rest = request.history.slice(request.initialCount);
  const prompt = userMessage([{ type: "input_text", text: request.prompt }]);
  for (let leftOut = 1; ; leftOut *= 2) {
    try {
      return await summaryOf(request, [...initial, ...rest, prompt]);
    } catch (error) {
      if (!isOverflow(error)) throw error;
      const fewer = normalized(rest.slice(Math.min(leftOut, rest.length - 1)));
      // A call and its output go together, so that of two items none may be left: of nothing there is no summary.
      if (fewer.length === 0 || fewer.length >= rest.length) throw error;
      rest = fewer;
    }
  }
}

/** Whether the service has said that a request has no room in the model's window. */
export function isOverflow(error: unknown): boolean {
  return error instanceof AgentError && error.code === "MODEL_CONTEXT_WINDOW";
}

async function summaryOf({ ask, onEvent }: SummaryRequest, input: readonly InputItem[]): Promise<string> {
  let summary = "";
  for await (const event of ask(input)) {
    onEvent(event);
    if (event.kind === "retrying") summary = "";
    if (event.kind === "item-done" && event.item.type === "message") summary = messageText(event.item);
  }
  return summary;
}
