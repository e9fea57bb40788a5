// What is known of one request for those who tell about it: measured while it passes, without holding or
// delaying a byte of it.

import type { IncomingMessage } from "node:http";
import type { Client } from "../access/client.ts";
import type { AnswerCode, ProxyError } from "../errors.ts";
import type { ExchangeObserver } from "../exchange-observer.ts";
import { valuesOf } from "../headers.ts";
import type { Phase } from "../upstream/phase.ts";
import { DecodedAnswer, decodable } from "./decoded-answer.ts";
import { plainText } from "./plain-text.ts";
import { RequestModel } from "./request-model.ts";
import { JsonUsage, StreamUsage, type TokenUsage, type UsageReader } from "./token-usage.ts";

const maxRequestIdLength = 128;

export type IdentifyClient = (request: IncomingMessage) => Client;

/** Takes how long a stream of events stood still before its next bytes. */
export interface GapMeter {
  observe(gapMs: number): void;
}

/** Takes how many bytes of an answer have left, as they leave. */
export interface ByteMeter {
  observe(bytes: number): void;
}

/** Called while an exchange goes on; each takes the exchange as it then is. */
export interface ExchangeListener {
  began?(exchange: MeasuredExchange): void;
  /** the head of the answer has left */
  answered?(exchange: MeasuredExchange): void;
  /** once */
  ended?(exchange: MeasuredExchange): void;
}

/** One forwarded request. Times are those of `performance.now()`. */
export class MeasuredExchange implements ExchangeObserver {
  /** milliseconds since 1970 */
  readonly beganAtMs = Date.now();
  readonly startMs = performance.now();
  readonly #request: IncomingMessage;
  readonly #identify: IdentifyClient;
  readonly #listeners: readonly ExchangeListener[];
  readonly #requestModel: RequestModel | undefined;
  #usage: UsageReader | undefined;
  #decoded: DecodedAnswer | undefined;
  #isStream = false;
  #lastMoveMs = 0;
  #isEnded = false;
  #isEndTold = false;
  #lastClient: Client | undefined;

  /** set by whoever wants to know */
  gapMeter: GapMeter | undefined;
  /** likewise */
  byteMeter: ByteMeter | undefined;
  bytesIn = 0;
  bytesOut = 0;
  /** what the client gets, once that is known */
  status: number | undefined;
  failure: AnswerCode | undefined;
  phase: Phase | undefined;
  upstreamRequestId: string | undefined;
  firstByteMs: number | undefined;
  endMs: number | undefined;
  /** whether the answer came and left in full */
  isComplete = false;

  constructor(request: IncomingMessage, identify: IdentifyClient, listeners: readonly ExchangeListener[]) {
    this.#request = request;
    this.#identify = identify;
    this.#listeners = listeners;
    // A compressed one would have to be unpacked first: not for a name.
    const codings = codingsOf(request.rawHeaders);
    this.#requestModel = codings.length === 0 ? new RequestModel() : undefined;
    for (const listener of listeners) listener.began?.(this);
  }

  /** What is known by now: the name of a user is looked up meanwhile. */
  get client(): Client {
    if (!this.#isEndTold) return this.#identify(this.#request);
    this.#lastClient ??= this.#identify(this.#request);
    return this.#lastClient;
  }

  get model(): string | undefined {
    return this.#requestModel?.model;
  }

  get usage(): TokenUsage | undefined {
    return this.#usage?.usage;
  }

  /** of a stream, so far */
  get events(): number {
    return this.#usage?.events ?? 0;
  }

  get isStream(): boolean {
    return this.#isStream;
  }

  requestHead(): void {}

  requestData(chunk: Buffer): void {
    this.bytesIn += chunk.length;
    this.#requestModel?.push(chunk);
  }

  requestEnd(): void {}

  responseHead(status: number, rawHeaders: readonly string[]): void {
    this.status = status;
    this.firstByteMs = performance.now();
    this.#lastMoveMs = this.firstByteMs;
    const [requestId] = valuesOf(rawHeaders, "x-request-id");
    if (requestId !== undefined) this.upstreamRequestId = plainText(requestId, maxRequestIdLength);
    this.#openUsage(rawHeaders);
    for (const listener of this.#listeners) listener.answered?.(this);
  }

  responseData(chunk: Buffer): void {
    this.bytesOut += chunk.length;
    this.byteMeter?.observe(chunk.length);
    if (this.#decoded !== undefined) this.#decoded.push(chunk);
    else this.#usage?.push(chunk);
    if (this.gapMeter === undefined || !this.#isStream) return;
    const nowMs = performance.now();
    this.gapMeter.observe(nowMs - this.#lastMoveMs);
    this.#lastMoveMs = nowMs;
  }

  failed(phase: Phase, failure: ProxyError, isAnswered: boolean): void {
    this.phase = phase;
    this.failure = failure.code;
    if (!isAnswered) return;
    this.status = failure.statusCode;
    this.bytesOut = Buffer.byteLength(failure.toBody());
    this.byteMeter?.observe(this.bytesOut);
  }

  responseEnd(isComplete: boolean): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    this.isComplete = isComplete;
    this.endMs = performance.now();
    if (this.#decoded === undefined) this.#tellEnd();
    else this.#decoded.end(() => this.#tellEnd());
  }

  /** The process ends: tell what there is. */
  endNow(): void {
    this.responseEnd(false);
    this.#tellEnd();
  }

  #openUsage(rawHeaders: readonly string[]): void {
    const type = (valuesOf(rawHeaders, "content-type")[0] ?? "").toLowerCase();
    this.#isStream = /^text\/event-stream\b/.test(type);
    if (this.#isStream) this.#usage = new StreamUsage();
    else if (/^application\/json\b/.test(type)) this.#usage = new JsonUsage();
    const codings = codingsOf(rawHeaders);
    if (codings.length === 0 || this.#usage === undefined) return;
    const coding = decodable(codings);
    if (coding === undefined) this.#usage = undefined;
    else this.#decoded = new DecodedAnswer(coding, this.#usage);
  }

  #tellEnd(): void {
    if (this.#isEndTold) return;
    this.#isEndTold = true;
    for (const listener of this.#listeners) listener.ended?.(this);
  }
}

/** The codings of a body (RFC 9110 8.4). `identity` is none, though it may be named. */
function codingsOf(rawHeaders: readonly string[]): readonly string[] {
  return valuesOf(rawHeaders, "content-encoding")
    .flatMap((value) => value.split(","))
    .map((coding) => coding.trim().toLowerCase())
    .filter((coding) => coding !== "" && coding !== "identity");
}
