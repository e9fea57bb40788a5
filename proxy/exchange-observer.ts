// What somebody who looks on gets to see of a forwarded request: what goes up and what comes down.
// Looking on changes nothing: a method never throws, never waits, and leaves the chunks as they are.
// Bytes of an answer are shown when they have left for the client. They are valid until it returns.

import type { IncomingMessage } from "node:http";
import type { ProxyError } from "./errors.ts";
import type { Phase } from "./upstream/phase.ts";

export interface ExchangeObserver {
  /** @param rawHeaders - as sent upstream, name, value, name, value, …, the key's placeholder among them */
  requestHead(method: string, url: string, rawHeaders: readonly string[]): void;
  requestData(chunk: Buffer): void;
  /** Once or more; the first call counts. `isComplete` is false where the body did not arrive in full. */
  requestEnd(isComplete: boolean): void;
  /** @param rawHeaders - the upstream's */
  responseHead(status: number, rawHeaders: readonly string[]): void;
  responseData(chunk: Buffer): void;
  /** The exchange failed, other than by a client that left. `isAnswered`: the client gets `failure` instead. */
  failed(phase: Phase, failure: ProxyError, isAnswered: boolean): void;
  /** Once or more; the first call counts. Without a head before it, there was no answer. */
  responseEnd(isComplete: boolean): void;
}

/** Called for each request that is forwarded; undefined where it is of no interest. */
export type ObserveExchange = (request: IncomingMessage) => ExchangeObserver | undefined;

/** Several who look on as one; undefined where there is none, so that looking on costs nothing. */
export function observeWithAll(all: readonly (ObserveExchange | undefined)[]): ObserveExchange | undefined {
  const wanted = all.filter((observe) => observe !== undefined);
  if (wanted.length <= 1) return wanted[0];
  return (request) => {
    const observers = wanted.map((observe) => observe(request)).filter((observer) => observer !== undefined);
    return observers.length <= 1 ? observers[0] : new ObserverGroup(observers);
  };
}

class ObserverGroup implements ExchangeObserver {
  readonly #observers: readonly ExchangeObserver[];

  constructor(observers: readonly ExchangeObserver[]) {
    this.#observers = observers;
  }

  requestHead(method: string, url: string, rawHeaders: readonly string[]): void {
    for (const observer of this.#observers) observer.requestHead(method, url, rawHeaders);
  }
  requestData(chunk: Buffer): void {
    for (const observer of this.#observers) observer.requestData(chunk);
  }
  requestEnd(isComplete: boolean): void {
    for (const observer of this.#observers) observer.requestEnd(isComplete);
  }
  responseHead(status: number, rawHeaders: readonly string[]): void {
    for (const observer of this.#observers) observer.responseHead(status, rawHeaders);
  }
  responseData(chunk: Buffer): void {
    for (const observer of this.#observers) observer.responseData(chunk);
  }
  failed(phase: Phase, failure: ProxyError, isAnswered: boolean): void {
    for (const observer of this.#observers) observer.failed(phase, failure, isAnswered);
  }
  responseEnd(isComplete: boolean): void {
    for (const observer of this.#observers) observer.responseEnd(isComplete);
  }
}
