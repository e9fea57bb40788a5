// What a Responses API upstream says: whole answers and the events of streamed ones.

export interface ResponseEvent {
  readonly type: string;
  readonly [field: string]: unknown;
}

const model = "mock-model";

interface OutputItem {
  readonly [field: string]: unknown;
}

function response(id: string, status: string, output: readonly OutputItem[]): Record<string, unknown> {
  return {
    id,
    object: "response",
    created_at: 1_700_000_000,
    status,
    model,
    output,
    parallel_tool_calls: true,
    tool_choice: "auto",
    tools: [],
    error: null,
    incomplete_details: null,
    usage:
      status === "completed"
        ? {
            input_tokens: 12,
            input_tokens_details: { cached_tokens: 0 },
            output_tokens: 5,
            output_tokens_details: { reasoning_tokens: 0 },
            total_tokens: 17,
          }
        : null,
  };
}

function message(text: string, status: string): OutputItem {
  return {
    id: "msg_mock",
    type: "message",
    role: "assistant",
    status,
    content: [{ type: "output_text", text, annotations: [] }],
  };
}

/** A whole answer, as sent when the request does not ask for a stream. */
export function wholeAnswer(text: string): Record<string, unknown> {
  return response("resp_mock", "completed", [message(text, "completed")]);
}

function numbered(events: readonly ResponseEvent[]): ResponseEvent[] {
  return events.map((event, index) => ({ ...event, sequence_number: index }));
}

/** The events of an answer that arrives as the given pieces of text. */
export function textEvents(pieces: readonly string[]): ResponseEvent[] {
  const text = pieces.join("");
  const place = { item_id: "msg_mock", output_index: 0, content_index: 0 };
  return numbered([
    { type: "response.created", response: response("resp_mock", "in_progress", []) },
    {
      type: "response.output_item.added",
      output_index: 0,
      item: { ...message("", "in_progress"), content: [] },
    },
    {
      type: "response.content_part.added",
      ...place,
      part: { type: "output_text", text: "", annotations: [] },
    },
    ...pieces.map((delta) => ({ type: "response.output_text.delta", ...place, delta, logprobs: [] })),
    { type: "response.output_text.done", ...place, text, logprobs: [] },
    { type: "response.content_part.done", ...place, part: { type: "output_text", text, annotations: [] } },
    { type: "response.output_item.done", output_index: 0, item: message(text, "completed") },
    { type: "response.completed", response: wholeAnswer(text) },
  ]);
}

/** The events of an answer that asks the client to run a tool. */
export function toolCallEvents(name: string, args: unknown): ResponseEvent[] {
  const item = {
    id: "fc_mock",
    type: "function_call",
    status: "completed",
    call_id: "call_mock",
    name,
    arguments: JSON.stringify(args),
  };
  return numbered([
    { type: "response.created", response: response("resp_mock", "in_progress", []) },
    { type: "response.output_item.done", output_index: 0, item },
    { type: "response.completed", response: response("resp_mock", "completed", [item]) },
  ]);
}

/** One event as it stands on the wire. */
export function encodeEvent(event: ResponseEvent): string {
  return `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`;
}
