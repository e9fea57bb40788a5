// Asks the model and streams what it answers, through whatever breaks on the way. Two layers, as in the
// original: a request that gets no good answer is sent again (`request_max_retries`), an answer that breaks
// off is asked for anew (`stream_max_retries`, said aloud). Refusals that will not change are final at once,
// and once the first layer has given up, each attempt of the second is a single request.

import type { Readable } from "node:stream";
import type { Clock } from "../clock.ts";
import { AgentError } from "../errors.ts";
import type { Connection, ConnectionAnswer } from "../provider/connection.ts";
import { backoffMs } from "./backoff.ts";
import { ModelError } from "./errors.ts";
import { disconnected, type ModelEvent, readModelEvents } from "./model-events.ts";
import { parseRateLimits } from "./rate-limits.ts";
import { judgeRefusal } from "./refusals.ts";
import { type Prompt, type RequestSettings, requestBody } from "./request.ts";
import { eventData } from "./sse.ts";

const maxErrorBodyBytes = 64 * 1024;

// A pause that is told of: whoever waits would take it for a program that hangs.
const longWaitMs = 5_000;

export interface ModelRequest {
  readonly settings: RequestSettings;
  readonly prompt: Prompt;
  /** UUID of the conversation */
  readonly conversationId: string;
  /** ends it at once, the request under way included */
  readonly signal: AbortSignal;
}

/**
 * Ask the model.
 *
 * @returns events up to `completed`; a `retrying` says that those since the request do not count
 * @throws {AgentError} when there is no use in asking again; the signal's reason when it is aborted
 */
export async function* askModel(
  connection: Connection,
  request: ModelRequest,
  clock: Clock,
): AsyncGenerator<ModelEvent> {
  const { requestMaxRetries, streamMaxRetries } = connection.provider;
  const { settings, prompt, conversationId, signal } = request;
  const body = JSON.stringify(requestBody(settings, prompt, conversationId, connection.isAzure));
  let attempts = 1 + requestMaxRetries;
  for (let repetition = 1; ; repetition++) {
    let failure: ModelError;
    try {
      yield* askOnce(connection, body, request, attempts, clock);
      return;
    } catch (error) {
      signal.throwIfAborted();
      failure = asModelError(error);
      if (!failure.canRetry || repetition > streamMaxRetries) throw failure;
    }
    if (failure.code === "MODEL_EXHAUSTED" || failure.code === "MODEL_CONNECTION") attempts = 1;
    yield { kind: "retrying", repetition, limit: streamMaxRetries, cause: failure };
    yield* pause(failure.waitMs ?? backoffMs(repetition, clock), clock, signal);
  }
}

async function* pause(waitMs: number, clock: Clock, signal: AbortSignal): AsyncGenerator<ModelEvent, void> {
  if (waitMs >= longWaitMs) yield { kind: "waiting", waitMs };
  await clock.sleep(waitMs, signal);
}

async function* askOnce(
  connection: Connection,
  body: string,
  request: ModelRequest,
  attempts: number,
  clock: Clock,
): AsyncGenerator<ModelEvent> {
  const answer = yield* firstGoodAnswer(connection, body, request, attempts, clock);
  const limits = parseRateLimits(answer.headers, clock.now());
  if (limits !== undefined) yield { kind: "rate-limits", limits };
  const chunks = withIdleLimit(answer.body, connection.provider.streamIdleTimeoutMs, clock);
  let isWhole = false;
  try {
    yield* readModelEvents(eventData(chunks), connection);
    isWhole = true;
  } catch (error) {
    throw namedByKind(error, answer.headers["content-type"]);
  } finally {
    if (isWhole) finish(answer.body);
    else answer.body.destroy();
  }
}

// A page in the place of a stream: somebody else answers, such as a portal, or the URL leads elsewhere.
function namedByKind(error: unknown, contentType: string | string[] | undefined): unknown {
  if (!(error instanceof ModelError) || error.code !== "MODEL_STREAM") return error;
  const kind = /^[\w.+-]{1,60}\/[\w.+-]{1,60}/.exec(String(contentType ?? ""))?.[0];
  if (kind === undefined || kind.toLowerCase() === "text/event-stream") return error;
  const hint = `the answer is ${kind}, no stream of events: does the URL lead to a Responses API?`;
  return new ModelError(error.code, error.message, { hint, cause: error, waitMs: error.waitMs });
}

async function* firstGoodAnswer(
  connection: Connection,
  body: string,
  request: ModelRequest,
  attempts: number,
  clock: Clock,
): AsyncGenerator<ModelEvent, ConnectionAnswer> {
  for (let attempt = 1; ; attempt++) {
    const outcome = await tryOnce(connection, body, request, clock);
    if (!(outcome instanceof ModelError)) return outcome;
    if (!outcome.canRetry || attempt >= attempts) throw outcome;
    yield* pause(outcome.waitMs ?? backoffMs(attempt, clock), clock, request.signal);
  }
}

async function tryOnce(
  connection: Connection,
  body: string,
  { conversationId, signal }: ModelRequest,
  clock: Clock,
): Promise<ConnectionAnswer | ModelError> {
  const idle = new AbortController();
  const { streamIdleTimeoutMs } = connection.provider;
  const takeBack = clock.after(streamIdleTimeoutMs, () => idle.abort(idleTimeout()));
  try {
    const headers = requestHeaders(conversationId);
    const answer = await connection.post({ body, headers, signal: AbortSignal.any([signal, idle.signal]) });
    takeBack(); // from here on each chunk has its own limit
    if (answer.status >= 200 && answer.status < 300) return answer;
    return judgeRefusal(answer, await readStart(answer.body), connection, clock);
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof AgentError) throw error;
    if (idle.signal.aborted) throw idle.signal.reason; // the second layer's: it is said aloud
    const absence = await connection.afterFailure();
    if (absence !== undefined) {
      return new ModelError("MODEL_CONNECTION", absence.message, { hint: absence.hint, cause: absence });
    }
    return new ModelError(
      "MODEL_CONNECTION",
      `Connection failed: error sending request for url (${connection.url})${reasonOf(error)}`,
      { cause: error },
    );
  } finally {
    takeBack();
  }
}

function requestHeaders(conversationId: string) {
  return {
    "openai-beta": "responses=experimental",
    conversation_id: conversationId,
    session_id: conversationId,
    accept: "text/event-stream",
    "codex-task-type": "standard",
    "content-type": "application/json",
  };
}

function idleTimeout(): ModelError {
  return disconnected("idle timeout waiting for SSE");
}

async function* withIdleLimit(body: Readable, limitMs: number, clock: Clock): AsyncGenerator<Uint8Array> {
  const arm = () => clock.after(limitMs, () => body.destroy(idleTimeout()));
  let takeBack = arm();
  try {
    for await (const chunk of body.iterator({ destroyOnReturn: false })) {
      takeBack(); // a slow reader is no silent service
      yield chunk;
      takeBack = arm();
    }
  } finally {
    takeBack();
  }
}

// Behind the last event comes nothing but the end: read to it, the connection serves the next request.
function finish(body: Readable): void {
  setTimeout(() => body.destroy(), 1_000).unref();
  body.resume();
}

// An error that says too much, or never ends, is cut.
async function readStart(body: Readable): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  const timer = setTimeout(() => body.destroy(), 5_000);
  try {
    for await (const chunk of body as AsyncIterable<Uint8Array>) {
      chunks.push(chunk);
      bytes += chunk.length;
      if (bytes > maxErrorBodyBytes) break;
    }
  } catch {
    // what has come is what there is
  } finally {
    clearTimeout(timer);
  }
  return Buffer.concat(chunks).toString("utf8").slice(0, maxErrorBodyBytes);
}

function asModelError(error: unknown): ModelError {
  if (error instanceof ModelError) return error;
  if (error instanceof AgentError) throw error;
  return disconnected(`the connection broke${reasonOf(error)}`, { cause: error });
}

// The code alone: messages of undici may repeat what was sent.
function reasonOf(error: unknown): string {
  const { code, cause } = error as { code?: unknown; cause?: { code?: unknown } };
  const name = cause?.code ?? code;
  return typeof name === "string" ? ` (${name})` : "";
}
