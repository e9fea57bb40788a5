// The two ends of one forwarded request: up with the key added, the answer down as it comes. What breaks
// on one side is broken on the other: a client never sees a clean end of an answer that was cut, and
// the upstream stops when its client is gone.

import type { IncomingMessage, ServerResponse } from "node:http";
import { EchoMask } from "../hardening/echo-mask.ts";
import type { Secret } from "../hardening/secret.ts";
import { closeAfterLinger, sendError } from "./answer.ts";
import {
  type AnswerHead,
  informationHead,
  isWithoutBody,
  refuseUnsafeHead,
  writablePhrase,
} from "./answer-head.ts";
import { AnswerStream } from "./answer-stream.ts";
import type { Deadline, Deadlines } from "./deadlines.ts";
import { ProxyError } from "./errors.ts";
import type { ExchangeObserver } from "./exchange-observer.ts";
import { clientHeaders, clientTrailers } from "./headers.ts";
import { cutOff } from "./listeners.ts";
import type { Credential } from "./oidc/credential.ts";
import { ClientGone, StreamedBody } from "./request-body.ts";
import { describeUpstreamFailure } from "./upstream/failure.ts";
import { ConnectFailure, type Phase } from "./upstream/phase.ts";
import type { Lease, PooledHandler } from "./upstream/pool.ts";

export interface AnswerLimits {
  /** from the end of the request to the head of the answer; 0 for no limit */
  readonly upstreamHeadersTimeoutMs: number;
  /** longest time in which no byte of an answer moves; 0 for no limit */
  readonly streamIdleTimeoutMs: number;
}

/** Where failures are told; never gets headers, bodies or the key. */
export interface ForwardReport {
  failed(phase: Phase, failure: ProxyError): void;
  maskedEcho(): void;
}

/** What all exchanges have in common. */
export interface ExchangeSetup {
  readonly isTls: boolean;
  readonly secret: Secret;
  readonly limits: AnswerLimits;
  readonly deadlines: Deadlines;
  readonly report: ForwardReport;
}

// The parser limits names and values to half of it; this is for what it does not count.
const maxHeadBytes = 128 * 1024;

/**
 * Takes what undici reads. The handler's methods are those of undici's older interface, which hands
 * over header bytes as they came; they are called in the order in which they stand here.
 */
export class Exchange implements PooledHandler {
  readonly #request: IncomingMessage;
  readonly #response: ServerResponse;
  readonly #setup: ExchangeSetup;
  readonly #observer: ExchangeObserver | undefined;
  readonly #mask: EchoMask;
  readonly #answer: AnswerStream;
  #lease: Lease | undefined;
  #phase: Phase = "sending the request";
  #deadline: Deadline | undefined;
  /** of the answer, until its head is whole */
  #headBytes = 0;
  #credential: Credential | undefined;
  /** of the key with which the request went out */
  #generation = 0;
  #body: StreamedBody | undefined;
  /** what the observer has not seen yet: it must not hold up what goes to the client */
  #unseenHead: AnswerHead | undefined;
  #unseen: Buffer[] = [];
  #isOver = false;

  constructor(
    request: IncomingMessage,
    response: ServerResponse,
    setup: ExchangeSetup,
    observer: ExchangeObserver | undefined,
  ) {
    this.#request = request;
    this.#response = response;
    this.#setup = setup;
    this.#observer = observer;
    this.#mask = new EchoMask(setup.secret);
    this.#answer = new AnswerStream(response, () => {
      this.#deadline?.refresh();
      this.#lease?.resume();
    });
    // Comes at the end of a whole answer too; before that it means that the client left.
    response.once("close", () => this.#end("broken"));
  }

  /** To be called when the request is handed to the pool. */
  goesOut(body: Buffer | StreamedBody, credential: Credential | undefined): void {
    this.#credential = credential;
    if (!(body instanceof StreamedBody)) return;
    this.#body = body;
    // Without a connection undici would keep them to itself until there is one.
    body.on("error", (error) => {
      if (error instanceof ProxyError || error instanceof ClientGone) this.onError(error);
    });
    if (this.#isOver) body.destroy();
  }

  onLease(lease: Lease): void {
    if (this.#isOver) lease.abort();
    else this.#lease = lease;
  }

  // Just before the head is written.
  onConnect(): void {
    this.#generation = this.#credential?.generation ?? 0;
  }

  onRequestSent(): void {
    if (this.#phase !== "sending the request") return; // answered before it was sent
    this.#phase = "waiting for the answer";
    const { upstreamHeadersTimeoutMs: limitMs } = this.#setup.limits;
    this.#limit(limitMs, () => `no answer began within ${limitMs} ms (--upstream-headers-timeout-ms)`);
  }

  onHeaders(status: number, rawHeaders: Buffer[], _resume: () => void, phrase: string): boolean {
    const head: AnswerHead = {
      status,
      headers: rawHeaders.map((bytes) => this.#mask.whole(bytes).toString("latin1")),
      // undici keeps only the last part of one that came in several reads.
      phrase: this.#headBytes === 0 ? this.#maskText(phrase) : undefined,
    };
    refuseUnsafeHead(head, this.#setup.isTls);
    if (status < 200) {
      // An HTTP/1.0 client does not know any.
      if (this.#request.httpVersion !== "1.1") return true;
      this.#response.socket?.write(informationHead(status, clientHeaders(head.headers)), "latin1");
      return true;
    }
    // It is to be renewed, unless it was renewed meanwhile.
    if (status === 401) this.#credential?.refused(this.#generation);
    this.#phase = "reading the answer";
    const { streamIdleTimeoutMs: limitMs } = this.#setup.limits;
    this.#limit(limitMs, () => `the stream stood still for ${limitMs} ms (--stream-idle-timeout-ms)`);
    this.#answer.begin(status, writablePhrase(head), clientHeaders(head.headers));
    if (this.#observer !== undefined) this.#unseenHead = head;
    // undici takes a length for that of a body, also where there is none.
    if (isWithoutBody(status)) this.#finish("broken", []);
    return true;
  }

  onData(chunk: Buffer): boolean {
    const bytes = this.#mask.push(chunk);
    if (bytes.length === 0) return true;
    this.#answer.add(bytes);
    if (this.#observer !== undefined) this.#unseen.push(bytes);
    return true;
  }

  onDelivered(bytes: number): void {
    if (this.#isOver) return;
    if (this.#phase !== "reading the answer") {
      this.#headBytes += bytes;
      if (this.#headBytes > maxHeadBytes) {
        this.onError(new ProxyError("PXY_ERR_UPSTREAM", "response headers larger than 64 KiB"));
      }
      return;
    }
    this.#deadline?.refresh();
    try {
      if (!this.#answer.flush()) this.#lease?.pause();
    } catch (error) {
      this.onError(error as Error);
    }
    if (this.#observer !== undefined) this.#show(this.#observer);
  }

  onComplete(rawTrailers: unknown): void {
    if (this.#isOver) return;
    const held = this.#mask.end();
    if (held !== undefined) {
      this.#answer.add(held);
      if (this.#observer !== undefined) this.#unseen.push(held);
    }
    const trailers = ((rawTrailers ?? []) as Buffer[]).map((bytes) =>
      this.#mask.whole(bytes).toString("latin1"),
    );
    // undici would read the next answer on this connection by what these say.
    this.#finish(trailers.length > 0 ? "broken" : "reusable", clientTrailers(trailers));
  }

  onError(error: Error): void {
    if (this.#isOver) return;
    const phase = error instanceof ConnectFailure ? error.phase : this.#phase;
    if (error instanceof ClientGone) {
      this.#end("broken");
      return;
    }
    const failure = describeUpstreamFailure(error);
    const { isBegun } = this.#answer;
    this.#observer?.failed(phase, failure, !isBegun);
    this.#end("broken");
    this.#setup.report.failed(phase, failure);
    if (isBegun) {
      // A reset rather than an orderly close: an HTTP/1.0 client takes a close for the end of the answer.
      cutOff(this.#request.socket);
    } else {
      sendError(this.#request, this.#response, failure);
    }
  }

  #finish(connection: "reusable" | "broken", trailers: readonly [string, string][]): void {
    this.#answer.end(trailers);
    if (this.#observer !== undefined) this.#show(this.#observer);
    this.#observer?.responseEnd(true);
    closeAfterLinger(this.#request, this.#response);
    this.#end(connection);
    this.#limitTheRest();
  }

  #end(connection: "reusable" | "broken"): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#deadline?.stop();
    if (this.#mask.hasMasked) this.#setup.report.maskedEcho();
    const lease = this.#lease;
    this.#lease = undefined;
    if (connection === "reusable") lease?.release();
    else lease?.abort();
    this.#body?.destroy();
    // The first word counts: after a whole request or answer these say nothing.
    if (this.#observer === undefined) return;
    if (connection === "broken") this.#observer.requestEnd(false);
    this.#show(this.#observer);
    this.#observer.responseEnd(false);
  }

  #show(observer: ExchangeObserver): void {
    const head = this.#unseenHead;
    this.#unseenHead = undefined;
    if (head !== undefined) observer.responseHead(head.status, head.headers);
    if (this.#unseen.length === 0) return;
    for (const piece of this.#unseen) observer.responseData(piece);
    this.#unseen = [];
  }

  // What the upstream has sent whole may still wait for the client.
  #limitTheRest(): void {
    const { socket } = this.#response;
    if (socket === null || socket.writableLength === 0) return;
    const rest = this.#setup.deadlines.watch(this.#setup.limits.streamIdleTimeoutMs, () => cutOff(socket));
    this.#response.once("close", rest.stop);
  }

  #limit(limitMs: number, message: () => string): void {
    this.#deadline?.stop();
    this.#deadline = this.#setup.deadlines.watch(limitMs, () => {
      this.onError(new ProxyError("PXY_ERR_UPSTREAM_TIMEOUT", message()));
    });
  }

  #maskText(text: string): string {
    return this.#mask.whole(Buffer.from(text, "latin1")).toString("latin1");
  }
}
