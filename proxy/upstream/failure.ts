// What went wrong on the way to the upstream, in words for the client and for the log. Node's and
// undici's own messages are not passed on: they can quote what they failed on.

import { ProxyError } from "../errors.ts";

const reasons: Readonly<Record<string, string>> = {
  ECONNREFUSED: "connection refused",
  UPSTREAM_RESET: "connection reset",
  ECONNRESET: "connection reset",
  EPIPE: "connection closed while the request was being sent",
  ENOTFOUND: "host name not found",
  EAI_AGAIN: "host name cannot be resolved at the moment",
  EHOSTUNREACH: "host unreachable",
  ENETUNREACH: "network unreachable",
  ETIMEDOUT: "the network gave up on the connection",
  EMFILE: "no file descriptor is left for a connection",
  UND_ERR_SOCKET: "connection closed before the answer was complete",
  UND_ERR_HEADERS_OVERFLOW: "response headers larger than 64 KiB",
  UND_ERR_RES_CONTENT_LENGTH_MISMATCH: "response shorter or longer than its Content-Length",
  UND_ERR_REQ_CONTENT_LENGTH_MISMATCH: "request shorter or longer than its Content-Length",
  REPLY_TIMEOUT: "no answer within 15 seconds",
  REPLY_TOO_LARGE: "answer larger than 16 KiB",
  REPLY_MALFORMED: "malformed or truncated answer",
  CERT_HAS_EXPIRED: "certificate has expired",
  CERT_NOT_YET_VALID: "certificate is not valid yet",
  DEPTH_ZERO_SELF_SIGNED_CERT: "certificate is self-signed and not trusted (--upstream-ca)",
  SELF_SIGNED_CERT_IN_CHAIN: "certificate authority is not trusted (--upstream-ca)",
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: "certificate authority is not trusted (--upstream-ca)",
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: "certificate authority is not trusted (--upstream-ca)",
  CERT_SIGNATURE_FAILURE: "certificate authority is not trusted (--upstream-ca)",
  ERR_TLS_CERT_ALTNAME_INVALID: "certificate is for another host name",
  ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED:
    "the upstream wants a client certificate (--upstream-client-cert)",
  EPROTO: "the other side does not speak TLS as it should",
};

// undici gives these two as messages of one code.
const unsolicited: Readonly<Record<string, string>> = {
  "bad response": "the upstream sent 100 Continue, for which it was not asked",
  "bad upgrade": "the upstream switched to another protocol (101), for which it was not asked",
};

/** The code of an error, looked for in what caused it too: happy eyeballs wraps one error per address. */
function codeOf(error: unknown): string {
  const { name, code, cause, errors } = error as Record<"name" | "code" | "cause" | "errors", unknown>;
  // Its code is undefined: undici looks it up in a table that has the names for keys.
  if (name === "HTTPParserError") return "HPE";
  if (Array.isArray(errors) && errors.length > 0) return codeOf(errors[0]);
  if (typeof code === "string") return code;
  return cause instanceof Error ? codeOf(cause) : "UNKNOWN";
}

function nameOf(code: string, message: string): string {
  const named = (code === "UND_ERR_SOCKET" ? unsolicited[message] : undefined) ?? reasons[code];
  if (named !== undefined) return named;
  if (code.startsWith("HPE")) return "malformed response";
  if (code.startsWith("ERR_SSL_") || code.startsWith("ERR_TLS_")) return "TLS failure";
  return "failure";
}

/** @returns what went wrong in a few words, the code kept */
export function reasonOf(error: unknown): string {
  if (error instanceof ProxyError) return error.message;
  const code = codeOf(error);
  return `${nameOf(code, (error as Error).message)} (${code})`;
}

/** @returns the answer for a client whose request failed upstream, the code kept in its message */
export function describeUpstreamFailure(error: unknown): ProxyError {
  if (error instanceof ProxyError) return error;
  const { cause } = error as { cause?: unknown };
  if (cause instanceof ProxyError) return cause;
  const answer = codeOf(error) === "ETIMEDOUT" ? "PXY_ERR_UPSTREAM_TIMEOUT" : "PXY_ERR_UPSTREAM";
  return new ProxyError(answer, reasonOf(error), { cause: error });
}
