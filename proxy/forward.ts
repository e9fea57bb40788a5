// One request on its way through: up with the key added, the answer down as it comes. Each chunk is
// written in the tick in which it arrives. What breaks on one side is broken on the other: a client
// never sees a clean end of an answer that was cut, and the upstream stops when its client is gone.

import { type IncomingMessage, type ServerResponse, STATUS_CODES } from "node:http";
import type { Dispatcher } from "undici";
import { closeAfterLinger, sendError } from "./answer.ts";
import { ProxyError } from "./errors.ts";
import { clientHeaders, upstreamHeaders } from "./headers.ts";
import type { Credential } from "./oidc/credential.ts";
import { ClientGone, CountedBody } from "./request-body.ts";
import type { Upstream } from "./upstream.ts";
import { describeUpstreamFailure } from "./upstream-failure.ts";

/** Where failures are told; never gets headers, bodies or the key. */
export type ReportFailure = (phase: "before the answer" | "during the answer", failure: ProxyError) => void;

/** Forward an admitted request. Answers on `response` in every case, or breaks its connection. */
export function forward(
  request: IncomingMessage,
  response: ServerResponse,
  upstream: Upstream,
  maxBodyBytes: number,
  report: ReportFailure,
): void {
  const exchange = new Exchange(request, response, report);
  // RFC 9110 10.1.1: an HTTP/1.0 client cannot mean it.
  if (request.headers.expect !== undefined && request.httpVersion === "1.1") response.writeContinue();
  const send = () => {
    exchange.goesOut(upstream.credential);
    try {
      upstream.pool.dispatch(
        {
          path: upstream.path,
          method: "POST",
          headers: upstreamHeaders(request.rawHeaders, upstream.authorization),
          body: new CountedBody(request, maxBodyBytes),
        },
        exchange,
      );
    } catch (error) {
      exchange.fail(error);
    }
  };
  const ready = upstream.credential?.ready();
  if (ready === undefined) send();
  else ready.then(send, (error) => exchange.fail(error));
}

/** The two ends of one forwarded request; its methods are called by undici in the order of the class. */
class Exchange implements Dispatcher.DispatchHandler {
  readonly #request: IncomingMessage;
  readonly #response: ServerResponse;
  readonly #report: ReportFailure;
  #controller: Dispatcher.DispatchController | undefined;
  #onRefused = () => {};
  #clientIsGone = false;
  #isOver = false;

  constructor(request: IncomingMessage, response: ServerResponse, report: ReportFailure) {
    this.#request = request;
    this.#response = response;
    this.#report = report;
    // Comes at the end of a whole answer too; before that it means that the client left.
    response.once("close", () => {
      if (this.#isOver) return;
      this.#clientIsGone = true;
      this.#controller?.abort(new ClientGone());
    });
    response.on("drain", () => this.#controller?.resume());
  }

  /** A key that is refused is to be renewed, unless it was renewed meanwhile. */
  goesOut(credential: Credential | undefined): void {
    if (credential === undefined) return;
    const { generation } = credential;
    this.#onRefused = () => credential.refused(generation);
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    // The client left while the connection to the upstream was being made.
    if (this.#clientIsGone) controller.abort(new ClientGone());
  }

  onResponseStart(
    controller: Dispatcher.DispatchController,
    status: number,
    _: unknown,
    reason?: string,
  ): void {
    if (status < 200) return; // 102 and 103 say nothing that a client of this API waits for
    if (status === 401) this.#onRefused();
    const rawHeaders = (controller.rawHeaders as readonly Buffer[]).map(latin1);
    if (hasForeignCoding(rawHeaders)) {
      controller.abort(
        new ProxyError("PXY_ERR_UPSTREAM", "the answer has a transfer coding other than chunked"),
      );
      return;
    }
    this.#response.writeHead(status, writablePhrase(status, reason), clientHeaders(rawHeaders));
    // Sends the head now, and as latin1: flushHeaders() would encode its bytes above 0x7f again.
    if (status !== 204 && status !== 304) this.#response.write("", "latin1");
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (!this.#response.write(chunk)) controller.pause();
  }

  onResponseEnd(): void {
    this.#isOver = true;
    this.#response.end();
    if (!this.#request.complete) closeAfterLinger(this.#request);
  }

  onResponseError(_: unknown, error: Error): void {
    this.fail(error);
  }

  fail(error: unknown): void {
    if (this.#isOver) return;
    this.#isOver = true;
    if (this.#clientIsGone || error instanceof ClientGone) return;
    const failure = describeUpstreamFailure(error);
    if (!this.#response.headersSent) {
      this.#report("before the answer", failure);
      sendError(this.#request, this.#response, failure);
      return;
    }
    this.#report("during the answer", failure);
    // A reset rather than an orderly close: an HTTP/1.0 client takes a close for the end of the answer.
    this.#request.socket.resetAndDestroy();
  }
}

// A phrase is for people only; one that HTTP/1.1 cannot carry is replaced by the usual one.
function writablePhrase(status: number, reason = ""): string {
  return /^[\t\x20-\x7e]*$/.test(reason) ? reason : (STATUS_CODES[status] ?? "");
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

function latin1(bytes: Buffer): string {
  return bytes.toString("latin1");
}
