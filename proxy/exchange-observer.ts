// What somebody who looks on gets to see of a forwarded request: what goes up and what comes down.
// Looking on changes nothing: a method never throws, never waits, and leaves the chunks as they are.
// They are valid until it returns, as reads share a buffer.

export interface ExchangeObserver {
  /** @param rawHeaders - as sent upstream, name, value, name, value, …, the key's placeholder among them */
  requestHead(method: string, url: string, rawHeaders: readonly string[]): void;
  requestData(chunk: Buffer): void;
  /** Once or more; the first call counts. `isComplete` is false where the body did not arrive in full. */
  requestEnd(isComplete: boolean): void;
  /** @param rawHeaders - the upstream's */
  responseHead(status: number, rawHeaders: readonly string[]): void;
  responseData(chunk: Buffer): void;
  /** Once or more; the first call counts. Without a head before it, there was no answer. */
  responseEnd(isComplete: boolean): void;
}

/** Called for each request that is forwarded. */
export type ObserveExchange = () => ExchangeObserver;
