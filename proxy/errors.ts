// Every answer that the proxy gives in its own name, and every way in which its start can fail, in
// two tables. Messages go to clients and terminals: none holds a header value, a body byte or the key.

import { HttpRefusal, type RefusalTable } from "./http-refusal.ts";

const answers = {
  PXY_ERR_METHOD: [403, "forbidden", "only POST /v1/responses is forwarded: the method is not POST"],
  PXY_ERR_TARGET: [403, "forbidden", "only POST /v1/responses is forwarded: the request-target is another"],
  PXY_ERR_SHUTDOWN_OFF: [403, "forbidden", "shutdown over HTTP is not enabled (--http-shutdown)"],
  PXY_ERR_HOST: [
    403,
    "forbidden",
    "the Host header must be a loopback name or address (--allow-host adds others)",
  ],
  PXY_ERR_ORIGIN: [403, "forbidden", "requests from web pages are refused (Origin or Sec-Fetch-Site header)"],
  PXY_ERR_PEER: [403, "forbidden", "this user may not use the proxy"],
  PXY_ERR_CLIENT_TOKEN: [403, "forbidden", "a client token is wanted"],
  PXY_ERR_CONTENT_TYPE: [403, "forbidden", "the content type must be application/json"],
  PXY_ERR_BODY_TOO_LARGE: [413, "invalid_request_error", "the request body is larger than --max-body-bytes"],
  PXY_ERR_EXPECTATION: [417, "invalid_request_error", "the only expectation that can be met is 100-continue"],
  PXY_ERR_TRANSFER_CODING: [
    501,
    "invalid_request_error",
    "the only transfer coding that is taken is chunked",
  ],
  PXY_ERR_UPGRADE: [
    426,
    "invalid_request_error",
    "WebSocket is not supported here: use HTTP POST with server-sent events",
  ],
  PXY_ERR_BAD_REQUEST: [400, "invalid_request_error", "this is not a well-formed HTTP/1.1 request"],
  PXY_ERR_HEADER_TIMEOUT: [408, "invalid_request_error", "the request took too long to arrive"],
  PXY_ERR_BODY_TIMEOUT: [408, "invalid_request_error", "the request body stopped coming"],
  PXY_ERR_HEADERS_TOO_LARGE: [431, "invalid_request_error", "the request headers are larger than 64 KiB"],
  PXY_ERR_INTERNAL: [500, "server_error", "the proxy failed to handle the request"],
  PXY_ERR_UPSTREAM: [502, "upstream_error", "the upstream could not be reached or broke off"],
  PXY_ERR_UPSTREAM_TIMEOUT: [504, "upstream_error", "the upstream did not answer in time"],
  PXY_ERR_CREDENTIAL: [503, "server_error", "workload identity renewal temporarily unavailable; retry later"],
  PXY_ERR_AUDIT: [503, "server_error", "requests cannot be put on record at present; retry later"],
} as const satisfies RefusalTable;

export type AnswerCode = keyof typeof answers;

/** An answer of the proxy itself. */
export class ProxyError extends HttpRefusal<AnswerCode> {
  override readonly name = "ProxyError";

  constructor(code: AnswerCode, detail?: string, options?: ErrorOptions) {
    super(answers, code, detail, options);
  }
}

const startFailures = {
  PXY_START_USAGE: [2, "see codex-responses-api-proxy --help"],
  PXY_START_UPSTREAM_URL: [1, "give an absolute URL, like https://api.openai.com/v1/responses"],
  PXY_START_INSECURE_UPSTREAM: [1, "use https, or --allow-insecure-upstream if the network may read the key"],
  PXY_START_UPSTREAM_CA: [1, "give a PEM file with at least one certificate"],
  PXY_START_CLIENT_CERT: [1, "give two PEM files: the certificate with its chain, and its key"],
  PXY_START_UPSTREAM_PROXY: [1, "give a URL like http://proxy.example:3128, without user name and path"],
  PXY_START_SERVER_INFO: [1, "choose another path for --server-info, one that is yours to write"],
  PXY_START_DUMP_DIR: [
    1,
    "give a directory of the user that the proxy serves as, or one that is not there yet",
  ],
  PXY_START_ACCESS: [
    1,
    "name users and groups of this machine, in its first user namespace; or use --client-tokens",
  ],
  PXY_START_CLIENT_TOKENS: [
    1,
    "codex-responses-api-proxy token new NAME prints a line for the file; root or the starter owns it",
  ],
  PXY_START_AUDIT_LOG: [
    1,
    "give stderr, journal or a file that is yours, below folders that nobody else can write",
  ],
  PXY_START_OUTPUT: [1, "check where stdout goes"],
  PXY_START_DAEMON: [1, "let the command end by itself: it does when the proxy serves"],
  PXY_START_LISTEN: [1, "start it again; another --port may help"],
} as const satisfies Record<string, readonly [exitCode: number, hint: string]>;

export type StartFailureCode = keyof typeof startFailures;

/** A start that cannot go on: shown on the terminal with its hint, then the process exits. */
export class StartError extends Error {
  override readonly name = "StartError";
  readonly code: StartFailureCode;
  readonly exitCode: number;
  readonly hint: string;

  constructor(code: StartFailureCode, message: string, options?: ErrorOptions) {
    super(message, options);
    const [exitCode, hint] = startFailures[code];
    this.code = code;
    this.exitCode = exitCode;
    this.hint = hint;
  }
}
