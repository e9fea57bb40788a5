// Which requests may pass: exactly POST /v1/responses as JSON from something that is not a web page,
// and GET /shutdown where it is enabled. It looks at the raw request, never at what a router made of
// it. Whatever is not allowed here is refused, and so is a request on which it throws.

import type { IncomingMessage } from "node:http";
import { ProxyError } from "./errors.ts";
import { valuesOf } from "./headers.ts";
import { isLoopbackHost } from "./loopback.ts";

export interface GatePolicy {
  readonly httpShutdown: boolean;
  readonly allowHosts: readonly string[];
  readonly maxBodyBytes: number;
}

// Codex sends turn metadata as a header; the original has no limit at all.
export const maxHeaderBytes = 64 * 1024;

export type Passage = "forward" | "shutdown";

/** The parts of a request that decide; `target` is the request-target as it stood on the wire. */
export interface RawRequest {
  readonly method: string;
  readonly target: string;
  /** as Node gives it: "1.1" */
  readonly httpVersion: string;
  readonly rawHeaders: readonly string[];
}

/**
 * Decide on a request from its head alone.
 *
 * @returns what the request is allowed to be
 * @throws {ProxyError} with the status and reason of the refusal
 */
export function admit(request: RawRequest, policy: GatePolicy): Passage {
  // First the checks against web pages: a page learns nothing, not even what exists.
  refusePages(request, policy);
  refuseUpgrade(request);
  refuseLargeHead(request);

  if (request.target === "/shutdown" && request.method === "GET") {
    if (!policy.httpShutdown) throw new ProxyError("PXY_ERR_SHUTDOWN_OFF");
    return "shutdown";
  }
  if (request.target !== "/v1/responses") throw new ProxyError("PXY_ERR_TARGET");
  if (request.method !== "POST") throw new ProxyError("PXY_ERR_METHOD");
  refuseOtherContent(request);
  refuseOtherCodings(request);
  refuseLargeBody(request, policy);
  refuseUnknownExpectation(request);
  return "forward";
}

/**
 * Refuse what may come from a web page, by its origin or by its name for this machine.
 *
 * @throws {ProxyError} with the status and reason of the refusal
 */
export function refusePages(request: RawRequest, policy: GatePolicy): void {
  if (request.httpVersion !== "1.1" && request.httpVersion !== "1.0") {
    throw new ProxyError("PXY_ERR_BAD_REQUEST", "the version is neither 1.1 nor 1.0");
  }
  refuseForeignHost(request, policy);
  refuseWebPages(request);
}

/** The raw view of a Node request, for {@link admit}. */
export function rawRequestOf(message: IncomingMessage, target: string): RawRequest {
  const { method = "", httpVersion, rawHeaders } = message;
  return { method, target, httpVersion, rawHeaders };
}

// A page on a name that its owner points at 127.0.0.1 (DNS rebinding) sends that name here. Any port
// is taken: forwarders change it.
function refuseForeignHost(request: RawRequest, policy: GatePolicy): void {
  const hosts = valuesOf(request.rawHeaders, "host");
  // RFC 9112 3.2: none or several is a 400.
  if (hosts.length !== 1) throw new ProxyError("PXY_ERR_BAD_REQUEST", "exactly one Host header is wanted");
  const name = hostName(hosts[0] ?? "");
  if (name === undefined) throw new ProxyError("PXY_ERR_HOST");
  if (!isLoopbackHost(name) && !policy.allowHosts.includes(name)) throw new ProxyError("PXY_ERR_HOST");
}

/** uri-host of RFC 3986 3.2.2 in lower case, undefined for anything that is not `host[:port]`. */
function hostName(value: string): string | undefined {
  const match = /^(\[[0-9a-f:.]+\]|[a-z0-9._-]+)(?::(\d{0,5}))?$/i.exec(value);
  return Number(match?.[2] ?? 0) <= 65535 ? match?.[1]?.toLowerCase() : undefined;
}

// Fetch standard: browsers add Origin to every cross-origin POST and Sec-Fetch-Site to every request
// to a loopback address; scripts cannot take them off. Programs do not send them.
function refuseWebPages(request: RawRequest): void {
  if (
    valuesOf(request.rawHeaders, "origin").length > 0 ||
    valuesOf(request.rawHeaders, "sec-fetch-site").length > 0
  ) {
    throw new ProxyError("PXY_ERR_ORIGIN");
  }
}

// Codex falls back to HTTP at once on a 426, and only after several seconds on anything else. Offers
// of HTTP/2 (h2c) are ignored, as RFC 9110 7.8 allows.
function refuseUpgrade(request: RawRequest): void {
  const offers = valuesOf(request.rawHeaders, "upgrade").flatMap((value) => value.split(","));
  if (offers.some((offer) => /^\s*websocket\s*(\/|$)/i.test(offer))) throw new ProxyError("PXY_ERR_UPGRADE");
}

// A form or script without permission (CORS-safelisted request) cannot send application/json.
function refuseOtherContent(request: RawRequest): void {
  const types = valuesOf(request.rawHeaders, "content-type");
  const isJson = types.length === 1 && /^application\/json[ \t]*(;|$)/i.test(types[0] ?? "");
  if (!isJson) throw new ProxyError("PXY_ERR_CONTENT_TYPE");
}

// RFC 9112 6.1: the parser takes off chunked alone, what is below it would go on unannounced.
function refuseOtherCodings(request: RawRequest): void {
  const codings = valuesOf(request.rawHeaders, "transfer-encoding");
  // RFC 9112 6.1: such framing is faulty.
  if (codings.length > 0 && request.httpVersion === "1.0") {
    throw new ProxyError("PXY_ERR_BAD_REQUEST", "HTTP/1.0 knows no transfer coding");
  }
  if (codings.length > 1 || codings.some((value) => value.toLowerCase() !== "chunked")) {
    throw new ProxyError("PXY_ERR_TRANSFER_CODING");
  }
}

// The parser counts names and values alone, so that heads of many short headers are four times the size.
function refuseLargeHead({ target, rawHeaders }: RawRequest): void {
  let bytes = target.length;
  for (const text of rawHeaders) bytes += text.length + 2; // ": " or CRLF
  if (bytes > maxHeaderBytes) throw new ProxyError("PXY_ERR_HEADERS_TOO_LARGE");
}

// Bodies without a declared length are counted as they pass, in request-body.ts.
function refuseLargeBody(request: RawRequest, policy: GatePolicy): void {
  for (const length of valuesOf(request.rawHeaders, "content-length")) {
    if (!/^\d+$/.test(length) || Number(length) > policy.maxBodyBytes) {
      throw new ProxyError("PXY_ERR_BODY_TOO_LARGE", `the limit is ${policy.maxBodyBytes} bytes`);
    }
  }
}

function refuseUnknownExpectation(request: RawRequest): void {
  const expectations = valuesOf(request.rawHeaders, "expect");
  if (expectations.some((value) => value.toLowerCase() !== "100-continue")) {
    throw new ProxyError("PXY_ERR_EXPECTATION");
  }
}
