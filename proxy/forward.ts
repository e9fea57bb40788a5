// One request on its way through: up with the key added, the answer down as it comes. What breaks on
// one side is broken on the other: a client never sees a clean end of an answer that was cut, and the
// upstream stops when its client is gone. A request is sent once; nothing here tries again.

import { type IncomingMessage, type ServerResponse, STATUS_CODES } from "node:http";
import { EchoMask } from "../hardening/echo-mask.ts";
import type { Secret } from "../hardening/secret.ts";
import { closeAfterLinger, sendError } from "./answer.ts";
import { AnswerStream } from "./answer-stream.ts";
import { type Deadline, Deadlines } from "./deadlines.ts";
import { ProxyError } from "./errors.ts";
import type { ExchangeObserver, ObserveExchange } from "./exchange-observer.ts";
import { clientHeaders, clientTrailers, requestHeaderRule } from "./headers.ts";
import type { Credential } from "./oidc/credential.ts";
import { type BodyLimits, ClientGone, isSmall, StreamedBody, takeWhole } from "./request-body.ts";
import { describeUpstreamFailure } from "./upstream/failure.ts";
import { ConnectFailure, type Phase } from "./upstream/phase.ts";
import type { Lease, PooledHandler } from "./upstream/pool.ts";
import type { Upstream } from "./upstream/upstream.ts";

export interface ForwardLimits extends BodyLimits {
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

export type Forward = (request: IncomingMessage, response: ServerResponse) => void;

/**
 * Prepare the forwarding of admitted requests.
 *
 * @param observe - who looks on, undefined for nobody
 * @returns answers on `response` in every case, or breaks its connection
 */
export function makeForward(
  upstream: Upstream,
  secret: Secret,
  limits: ForwardLimits,
  report: ForwardReport,
  observe?: ObserveExchange,
): Forward {
  const upstreamHeaders = requestHeaderRule(upstream);
  const deadlines = new Deadlines([
    limits.clientBodyIdleTimeoutMs,
    limits.upstreamHeadersTimeoutMs,
    limits.streamIdleTimeoutMs,
  ]);
  return (request, response) => {
    const observer = observe?.();
    const exchange = new Exchange(
      request,
      response,
      new EchoMask(secret),
      limits,
      deadlines,
      report,
      observer,
    );
    // RFC 9110 10.1.1: an HTTP/1.0 client cannot mean it.
    if (request.headers.expect !== undefined && request.httpVersion === "1.1") response.writeContinue();

    const send = (body: Buffer | StreamedBody): void => {
      exchange.goesOut(upstream.credential);
      const headers = upstreamHeaders(request.rawHeaders);
      observer?.requestHead("POST", upstream.path, headers);
      try {
        upstream.pool.dispatch({ path: upstream.path, method: "POST", headers, body }, exchange);
      } catch (error) {
        exchange.onError(error as Error);
      }
    };
    const begin = (): void => {
      if (isSmall(request)) {
        takeWhole(request, limits, deadlines, (error, body) => {
          if (error !== null) {
            exchange.onError(error);
            return;
          }
          send(body);
          observer?.requestData(body);
          observer?.requestEnd(true);
        });
      } else {
        send(new StreamedBody(request, limits, deadlines, observer));
      }
    };
    const ready = upstream.credential?.ready();
    if (ready === undefined) begin();
    else {
      ready.then(
        () => !response.closed && begin(), // unless the client did not wait
        (error) => exchange.onError(new ConnectFailure("renewing the key", error)),
      );
    }
  };
}

/**
 * The two ends of one forwarded request. The methods of undici's handler are those of its older
 * interface, which hands over header bytes as they came; they are called in the order of the class.
 */
class Exchange implements PooledHandler {
  readonly #request: IncomingMessage;
  readonly #response: ServerResponse;
  readonly #mask: EchoMask;
  readonly #limits: ForwardLimits;
  readonly #deadlines: Deadlines;
  readonly #report: ForwardReport;
  readonly #observer: ExchangeObserver | undefined;
  readonly #answer: AnswerStream;
  #lease: Lease | undefined;
  #phase: Phase = "sending the request";
  #deadline: Deadline | undefined;
  #onRefused = () => {};
  #isOver = false;

  constructor(
    request: IncomingMessage,
    response: ServerResponse,
    mask: EchoMask,
    limits: ForwardLimits,
    deadlines: Deadlines,
    report: ForwardReport,
    observer: ExchangeObserver | undefined,
  ) {
    this.#request = request;
    this.#response = response;
    this.#mask = mask;
    this.#limits = limits;
    this.#deadlines = deadlines;
    this.#report = report;
    this.#observer = observer;
    this.#answer = new AnswerStream(response, () => {
      this.#deadline?.refresh();
      this.#lease?.resume();
    });
    // Comes at the end of a whole answer too; before that it means that the client left.
    response.once("close", () => this.#end(true));
  }

  /** A key that is refused is to be renewed, unless it was renewed meanwhile. */
  goesOut(credential: Credential | undefined): void {
    if (credential === undefined) return;
    const { generation } = credential;
    this.#onRefused = () => credential.refused(generation);
  }

  onLease(lease: Lease): void {
    if (this.#isOver) lease.abort();
    else this.#lease = lease;
  }

  onConnect(): void {}

  onRequestSent(): void {
    if (this.#phase !== "sending the request") return; // answered before it was sent
    this.#phase = "waiting for the answer";
    const { upstreamHeadersTimeoutMs: limitMs } = this.#limits;
    this.#limit(limitMs, () => `no answer began within ${limitMs} ms (--upstream-headers-timeout-ms)`);
  }

  onHeaders(status: number, rawHeaders: Buffer[], _resume: () => void, phrase: string): boolean {
    const headers = rawHeaders.map((bytes) => this.#mask.whole(bytes).toString("latin1"));
    if (status < 200) {
      this.#passInformation(status, clientHeaders(headers));
      return true;
    }
    if (status === 401) this.#onRefused();
    if (hasForeignCoding(headers)) {
      throw new ProxyError("PXY_ERR_UPSTREAM", "the answer has a transfer coding other than chunked");
    }
    this.#phase = "reading the answer";
    const { streamIdleTimeoutMs: limitMs } = this.#limits;
    this.#limit(limitMs, () => `the stream stood still for ${limitMs} ms (--stream-idle-timeout-ms)`);
    this.#answer.begin(status, this.#writablePhrase(status, phrase), clientHeaders(headers));
    this.#observer?.responseHead(status, headers);
    return true;
  }

  onData(chunk: Buffer): boolean {
    const bytes = this.#mask.push(chunk);
    if (bytes.length > 0) this.#answer.add(bytes);
    this.#observer?.responseData(bytes);
    return true;
  }

  onDelivered(): void {
    if (this.#phase !== "reading the answer" || this.#isOver) return;
    this.#deadline?.refresh();
    try {
      if (!this.#answer.flush()) this.#lease?.pause();
    } catch (error) {
      this.onError(error as Error);
    }
  }

  onComplete(rawTrailers: unknown): void {
    const held = this.#mask.end();
    if (held !== undefined) {
      this.#answer.add(held);
      this.#observer?.responseData(held);
    }
    const trailers = ((rawTrailers ?? []) as Buffer[]).map((bytes) =>
      this.#mask.whole(bytes).toString("latin1"),
    );
    this.#answer.end(clientTrailers(trailers));
    const lease = this.#lease;
    this.#end(false);
    if (!this.#request.complete) closeAfterLinger(this.#request);
    lease?.release();
  }

  onError(error: Error): void {
    if (this.#isOver) return;
    const phase = error instanceof ConnectFailure ? error.phase : this.#phase;
    this.#end(true);
    if (error instanceof ClientGone) return;
    const failure = describeUpstreamFailure(error);
    this.#report.failed(phase, failure);
    if (this.#answer.isBegun) {
      // A reset rather than an orderly close: an HTTP/1.0 client takes a close for the end of the answer.
      this.#request.socket.resetAndDestroy();
    } else {
      sendError(this.#request, this.#response, failure);
    }
  }

  /** @param isBroken - the upstream's connection is not good for another request */
  #end(isBroken: boolean): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#deadline?.stop();
    if (this.#mask.hasMasked) this.#report.maskedEcho();
    const lease = this.#lease;
    this.#lease = undefined;
    if (isBroken) lease?.abort();
    if (isBroken) this.#observer?.requestEnd(false);
    this.#observer?.responseEnd(!isBroken);
  }

  #limit(limitMs: number, message: () => string): void {
    this.#deadline?.stop();
    this.#deadline = this.#deadlines.watch(limitMs, () => {
      this.onError(new ProxyError("PXY_ERR_UPSTREAM_TIMEOUT", message()));
    });
  }

  // RFC 9110 15.2: a proxy forwards them; an HTTP/1.0 client does not know any.
  #passInformation(status: number, headers: readonly string[]): void {
    if (this.#request.httpVersion !== "1.1") return;
    let head = `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ""}\r\n`;
    for (let i = 0; i + 1 < headers.length; i += 2) head += `${headers[i]}: ${headers[i + 1]}\r\n`;
    this.#response.socket?.write(`${head}\r\n`, "latin1");
  }

  // A phrase is for people only; one that HTTP/1.1 cannot carry is replaced by the usual one.
  #writablePhrase(status: number, phrase: string): string {
    if (phrase === STATUS_CODES[status]) return phrase;
    if (!/^[\t\x20-\x7e]*$/.test(phrase)) return STATUS_CODES[status] ?? "";
    return this.#mask.whole(Buffer.from(phrase, "latin1")).toString("latin1");
  }
}

// Transfer codings belong to the hop, and the parser takes off only chunked: passed on, a gzip below
// it would reach the client unannounced.
function hasForeignCoding(rawHeaders: readonly string[]): boolean {
  return rawHeaders.some(
    (value, index) =>
      index % 2 === 1 &&
      rawHeaders[index - 1]?.toLowerCase() === "transfer-encoding" &&
      value.trim().toLowerCase() !== "chunked",
  );
}
