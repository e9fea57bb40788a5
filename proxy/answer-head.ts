// The head of an upstream's answer, checked before the client sees it: framing that the parser took and
// a proxy may not pass on, statuses that belong to the hop, and a reason that can be written.

import { STATUS_CODES } from "node:http";
import { ProxyError } from "./errors.ts";
import { valuesOf } from "./headers.ts";

export interface AnswerHead {
  readonly status: number;
  /** name, value, name, value, … */
  readonly headers: readonly string[];
  /** undefined where it did not arrive whole */
  readonly phrase: string | undefined;
}

/** Statuses whose answers have no body, whatever their headers say: RFC 9110 6.4.1. */
export function isWithoutBody(status: number): boolean {
  return status === 204 || status === 304;
}

/**
 * Refuse a head that would mean another thing to the client than to the proxy.
 *
 * @param isTls - how the answer came
 * @throws {ProxyError} PXY_ERR_UPSTREAM
 */
export function refuseUnsafeHead({ status, headers }: AnswerHead, isTls: boolean): void {
  if (status === 101) {
    throw new ProxyError(
      "PXY_ERR_UPSTREAM",
      "it switched to another protocol (101), for which it was not asked",
    );
  }
  if (status < 100) throw new ProxyError("PXY_ERR_UPSTREAM", "malformed response (status below 100)");
  if (status < 200) return;
  const codings = valuesOf(headers, "transfer-encoding");
  // They belong to the hop, and the parser takes off only chunked, once: passed on, a gzip below it would
  // reach the client unannounced.
  if (codings.length > 1 || codings.some((value) => value.trim().toLowerCase() !== "chunked")) {
    throw new ProxyError("PXY_ERR_UPSTREAM", "the answer has a transfer coding other than chunked");
  }
  // RFC 9112 9.8: without the end of TLS, which Node does not tell, the end of the connection proves nothing.
  const isFramed =
    codings.length > 0 || valuesOf(headers, "content-length").length > 0 || isWithoutBody(status);
  if (isTls && !isFramed) {
    throw new ProxyError(
      "PXY_ERR_UPSTREAM",
      "the answer has neither a length nor chunks, so that it could be cut unseen",
    );
  }
}

/** The reason as it can be passed on: for people only, so that any doubt replaces it by the usual one. */
export function writablePhrase({ status, phrase }: AnswerHead): string {
  const usual = STATUS_CODES[status] ?? "";
  return phrase !== undefined && /^[\t\x20-\x7e]*$/.test(phrase) ? phrase : usual;
}

/** A head of its own for each 1xx that is passed on; RFC 9110 15.2. */
export function informationHead(status: number, headers: readonly string[]): string {
  let head = `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ""}\r\n`;
  for (let i = 0; i + 1 < headers.length; i += 2) head += `${headers[i]}: ${headers[i + 1]}\r\n`;
  return `${head}\r\n`;
}
