// The headers that the proxy sends in its own name, as its command line gives them: the one that
// carries the key, and added ones. Nothing that frames or routes the request can be set.

import { StartError } from "../errors.ts";

// RFC 9110 5.6.2.
const token = /^[!#$%&'*+.^_`|~0-9a-z-]+$/i;

const reserved = new Set([
  "authorization", // as `bearer`, with its scheme
  "connection",
  "content-length",
  "content-type",
  "expect",
  "host",
  "keep-alive",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
]);

/**
 * Read the value of `--upstream-auth`.
 *
 * @returns the name of the header that carries the key, in lower case
 * @throws {StartError} PXY_START_USAGE
 */
export function parseAuthHeader(text: string): string {
  if (text === "bearer") return "authorization";
  const name = text.startsWith("header:") ? text.slice("header:".length).toLowerCase() : "";
  if (token.test(name) && !reserved.has(name)) return name;
  throw new StartError(
    "PXY_START_USAGE",
    "invalid value for --upstream-auth: give bearer, or header:NAME with the name of a header of its own",
  );
}

/**
 * Read one value of `--upstream-header`.
 *
 * @param before - name, value, name, value, … of the values before it
 * @throws {StartError} PXY_START_USAGE; the value is not quoted
 */
export function parseAddedHeader(text: string, before: readonly string[] = []): readonly string[] {
  const [, name = "", value = ""] = /^([^:]*):[ \t]*(.*?)[ \t]*$/s.exec(text) ?? [];
  // RFC 9110 5.5, without what is obsolete.
  const isSendable = token.test(name) && /^[\t\x20-\x7e]+$/.test(value);
  if (isSendable && !reserved.has(name.toLowerCase())) {
    return [...before, name, value];
  }
  throw new StartError(
    "PXY_START_USAGE",
    token.test(name) && reserved.has(name.toLowerCase())
      ? `invalid value for --upstream-header: ${name.toLowerCase()} is the proxy's to set`
      : "invalid value for --upstream-header: give 'Name: value' in ASCII",
  );
}
