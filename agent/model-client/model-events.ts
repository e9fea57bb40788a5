// From the JSON of the service to the few events that the agent knows. Their members have the types that
// are promised here; whatever else comes is left out, and a stream without its end is an error.

import { type JsonObject, objectOf, parseObject } from "../json-object.ts";
import type { Connection } from "../provider/connection.ts";
import { contextLengthExceeded, ModelError, noRoom } from "./errors.ts";
import type { OutputItem } from "./items.ts";
import { hintedWaitMs, maxWaitMs } from "./patience.ts";
import type { RateLimits } from "./rate-limits.ts";
import { parseUsage, type TokenUsage } from "./usage.ts";

export type ModelEvent =
  | { readonly kind: "rate-limits"; readonly limits: RateLimits }
  | { readonly kind: "item-started"; readonly item: OutputItem }
  | { readonly kind: "text-delta"; readonly delta: string }
  | { readonly kind: "reasoning-delta"; readonly delta: string }
  | { readonly kind: "reasoning-section" }
  | { readonly kind: "raw-reasoning-delta"; readonly delta: string }
  /** the item as it counts, whatever its deltas were */
  | { readonly kind: "item-done"; readonly item: OutputItem }
  | {
      readonly kind: "completed";
      readonly responseId: string | undefined;
      readonly usage: TokenUsage | undefined;
    }
  /** nothing is sent for so long, as somebody who waits should know */
  | { readonly kind: "waiting"; readonly waitMs: number }
  /** all since the last request has come to nothing; the request is sent again */
  | {
      readonly kind: "retrying";
      readonly repetition: number;
      readonly limit: number;
      readonly cause: ModelError;
    };

/** Items of an answer are kept until it is complete; what never ends must not fill the memory. */
const maxAnswerChars = 128 * 1024 * 1024;

/** Makes words of the service fit to be shown. */
type Redaction = Pick<Connection, "redacted">;

/**
 * Read the events of one answer, up to its end.
 *
 * @throws {ModelError} where the answer fails, or ends before it is complete
 */
export async function* readModelEvents(
  data: AsyncIterable<string>,
  redaction: Redaction,
  limitChars = maxAnswerChars,
): AsyncGenerator<ModelEvent> {
  let heldChars = 0;
  for await (const text of data) {
    const event = parseObject(text);
    if (event === undefined) continue; // a line that is no JSON says nothing
    const known = toModelEvent(event, redaction);
    if (known === undefined) continue;
    if (known.kind === "item-done") heldChars += text.length;
    if (heldChars > limitChars) throw new ModelError("MODEL_STREAM", "the answer is too large");
    yield known;
    if (known.kind === "completed") return;
  }
  throw disconnected("stream closed before response.completed");
}

/** A stream that broke off. */
export function disconnected(
  reason: string,
  facts: { cause?: unknown; waitMs?: number | undefined } = {},
): ModelError {
  return new ModelError("MODEL_STREAM", `stream disconnected before completion: ${reason}`, facts);
}

function toModelEvent(event: JsonObject, redaction: Redaction): ModelEvent | undefined {
  const { type, delta } = event;
  switch (type) {
    case "response.output_item.added":
    case "response.output_item.done": {
      const item = itemOf(event.item);
      if (item === undefined) return undefined;
      if (type === "response.output_item.added") return { kind: "item-started", item };
      return isForeignMessage(item) ? undefined : { kind: "item-done", item };
    }
    case "response.output_text.delta":
      return typeof delta === "string" ? { kind: "text-delta", delta } : undefined;
    case "response.reasoning_summary_text.delta":
      return typeof delta === "string" ? { kind: "reasoning-delta", delta } : undefined;
    case "response.reasoning_text.delta":
      return typeof delta === "string" ? { kind: "raw-reasoning-delta", delta } : undefined;
    case "response.reasoning_summary_part.added":
      return { kind: "reasoning-section" };
    case "response.completed": {
      const response = objectOf(event.response);
      const id = typeof response?.id === "string" ? response.id : undefined;
      return { kind: "completed", responseId: id, usage: parseUsage(response?.usage) };
    }
    case "response.failed":
      throw failure(objectOf(objectOf(event.response)?.error) ?? {}, redaction);
    case "error":
      throw failure(objectOf(event.error) ?? event, redaction);
    case "response.incomplete": {
      const reason = objectOf(objectOf(event.response)?.incomplete_details)?.reason;
      throw new ModelError(
        "MODEL_INCOMPLETE",
        `Incomplete response returned, reason: ${typeof reason === "string" ? redaction.redacted(reason) : "unknown"}`,
      );
    }
    default:
      return undefined;
  }
}

function failure({ code, message }: JsonObject, redaction: Redaction): ModelError {
  const text =
    typeof message === "string" && message !== ""
      ? redaction.redacted(message)
      : "response.failed event received";
  if (code === contextLengthExceeded) return noRoom();
  if (code === "insufficient_quota") return new ModelError("MODEL_USAGE_LIMIT", text);
  const waitMs = code === "rate_limit_exceeded" ? hintedWaitMs(text) : undefined;
  if (waitMs !== undefined && waitMs > maxWaitMs) return new ModelError("MODEL_USAGE_LIMIT", text);
  return disconnected(text, { waitMs });
}

// A message without parts says nothing, and words in another's role are none of the model's.
function isForeignMessage({ type, role = "assistant", content }: OutputItem): boolean {
  return type === "message" && (role !== "assistant" || !Array.isArray(content));
}

function itemOf(value: unknown): OutputItem | undefined {
  const item = objectOf(value);
  if (typeof item?.type !== "string") return undefined;
  const { id, ...rest } = item;
  return { ...rest, type: item.type, ...(typeof id === "string" && { id }) };
}
