// Every refusal of the admin socket, in one table. Messages go to whoever connected: none holds a byte
// of a key.

import { HttpRefusal, type RefusalTable } from "../http-refusal.ts";

const refusals = {
  ADM_ERR_NOT_FOUND: [404, "invalid_request_error", "the admin socket has no such path"],
  ADM_ERR_METHOD: [405, "invalid_request_error", "the admin socket takes another method for this path"],
  ADM_ERR_ORIGIN: [403, "forbidden", "requests from web pages are refused (Origin or Sec-Fetch-Site header)"],
  ADM_ERR_PRIVILEGE: [403, "forbidden", "this is for root and for the user who started the proxy"],
  ADM_ERR_BAD_REQUEST: [400, "invalid_request_error", "this is not a well-formed request"],
  ADM_ERR_BODY_TOO_LARGE: [413, "invalid_request_error", "the body is larger than 1 MiB"],
  ADM_ERR_TOO_MANY: [429, "rate_limit_error", "too many requests on the admin socket: ask less often"],
  ADM_ERR_UPGRADE: [426, "invalid_request_error", "this path wants an upgrade of the connection"],
  ADM_ERR_ROTATION_OIDC: [
    409,
    "invalid_request_error",
    "with --github-oidc the key is fetched and renewed, and not given",
  ],
  ADM_ERR_ROTATION_BUSY: [409, "invalid_request_error", "another new key is just being received"],
  ADM_ERR_ROTATION_SLOT: [
    409,
    "invalid_request_error",
    "requests are still being written with the key before this one: try again in a moment",
  ],
  ADM_ERR_KEY_MISSING: [400, "invalid_request_error", "no key came"],
  ADM_ERR_KEY_CUT: [400, "invalid_request_error", "the connection ended before the key's newline"],
  ADM_ERR_KEY_BAD_CHARACTER: [
    400,
    "invalid_request_error",
    "an API key may only contain ASCII letters, numbers, or any of - . _ ~ + / =",
  ],
  ADM_ERR_KEY_TOO_LARGE: [400, "invalid_request_error", "an API key has at most 4096 bytes"],
  ADM_ERR_KEY_MORE_THAN_ONE_LINE: [
    400,
    "invalid_request_error",
    "more than the API key came: only line ends may follow it",
  ],
  ADM_ERR_KEY_STALLED: [408, "invalid_request_error", "no whole key came within 30 seconds"],
  ADM_ERR_KEY_UNREADABLE: [500, "server_error", "the connection could not be read"],
  ADM_ERR_CLIENT_TOKENS: [400, "invalid_request_error", "the client tokens were not replaced"],
  ADM_ERR_INTERNAL: [500, "server_error", "the proxy failed to handle the request"],
} as const satisfies RefusalTable;

export type AdminErrorCode = keyof typeof refusals;

/** A refusal of the admin socket. */
export class AdminError extends HttpRefusal<AdminErrorCode> {
  override readonly name = "AdminError";

  constructor(code: AdminErrorCode, detail?: string, options?: ErrorOptions) {
    super(refusals, code, detail, options);
  }
}
