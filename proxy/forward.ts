// The way of an admitted request: its body is taken or streamed, and it is sent once. Nothing here
// tries again.

import type { IncomingMessage, ServerResponse } from "node:http";
import type { Secret } from "../hardening/secret.ts";
import { Deadlines } from "./deadlines.ts";
import { type AnswerLimits, Exchange, type ExchangeSetup, type ForwardReport } from "./exchange.ts";
import type { ObserveExchange } from "./exchange-observer.ts";
import { requestHeaderRule } from "./headers.ts";
import { type BodyLimits, isSmall, StreamedBody, takeWhole } from "./request-body.ts";
import { ConnectFailure } from "./upstream/phase.ts";
import type { Upstream } from "./upstream/upstream.ts";

export interface ForwardLimits extends BodyLimits, AnswerLimits {}

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
  const { pool, path, isTls, credential } = upstream;
  const upstreamHeaders = requestHeaderRule(upstream);
  const deadlines = new Deadlines([
    limits.clientBodyIdleTimeoutMs,
    limits.upstreamHeadersTimeoutMs,
    limits.streamIdleTimeoutMs,
  ]);
  const setup: ExchangeSetup = { isTls, secret, limits, deadlines, report };

  return (request, response) => {
    const observer = observe?.(request);
    const exchange = new Exchange(request, response, setup, observer);
    // RFC 9110 10.1.1: an HTTP/1.0 client cannot mean it.
    if (request.headers.expect !== undefined && request.httpVersion === "1.1") response.writeContinue();

    const send = (body: Buffer | StreamedBody): void => {
      exchange.goesOut(body, credential);
      const headers = upstreamHeaders(request.rawHeaders);
      observer?.requestHead("POST", path, headers);
      try {
        pool.dispatch({ path, method: "POST", headers, body }, exchange);
      } catch (error) {
        exchange.onError(error as Error);
      }
    };
    const begin = (): void => {
      if (!isSmall(request)) {
        send(new StreamedBody(request, limits, deadlines, observer));
        return;
      }
      takeWhole(request, limits, deadlines, (error, body) => {
        if (error !== null) {
          exchange.onError(error);
          return;
        }
        send(body);
        observer?.requestData(body);
        observer?.requestEnd(true);
      });
    };
    const ready = credential?.ready();
    if (ready === undefined) {
      begin();
      return;
    }
    ready.then(
      () => !response.closed && begin(), // unless the client did not wait
      (error) => exchange.onError(new ConnectFailure("renewing the key", error)),
    );
  };
}
