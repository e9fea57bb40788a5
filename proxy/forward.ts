// One request on its way through: up with the key added, the answer down as it comes. Each chunk is
// written in the tick in which it arrives. What breaks on one side is broken on the other: a client
// never sees a clean end of an answer that was cut, and the upstream stops when its client is gone.

import type { IncomingMessage, ServerResponse } from "node:http";
import type { Dispatcher } from "undici";
import { sendError } from "./answer.ts";
import type { ProxyError } from "./errors.ts";
import { clientHeaders, upstreamHeaders } from "./headers.ts";
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
  if (request.headers.expect !== undefined) response.writeContinue();
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
}

/** The two ends of one forwarded request; its methods are called by undici in the order of the class. */
class Exchange implements Dispatcher.DispatchHandler {
  readonly #request: IncomingMessage;
  readonly #response: ServerResponse;
  readonly #report: ReportFailure;
  #controller: Dispatcher.DispatchController | undefined;
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
    const headers = clientHeaders((controller.rawHeaders as readonly Buffer[]).map(latin1));
    this.#response.writeHead(status, reason ?? "", headers);
    this.#response.flushHeaders();
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (!this.#response.write(chunk)) controller.pause();
  }

  onResponseEnd(): void {
    this.#isOver = true;
    this.#response.end();
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

function latin1(bytes: Buffer): string {
  return bytes.toString("latin1");
}
