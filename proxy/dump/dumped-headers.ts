// Which header values a dump shows. A header that is not named here may hold a credential of a kind that
// nobody has thought of, so its value is left out.

/** In lower case. */
const shown = new Set([
  // what was sent, and how: RFC 9110, RFC 9112
  "accept",
  "accept-encoding",
  "accept-language",
  "cache-control",
  "connection",
  "content-encoding",
  "content-length",
  "content-type",
  "date",
  "retry-after",
  "server",
  "transfer-encoding",
  "user-agent",
  "vary",
  // who asks: the Codex client and the SDKs
  "openai-beta",
  "originator",
  "session-id",
  "thread-id",
  "x-client-request-id",
  "x-codex-beta-features",
  "x-codex-turn-metadata",
  "x-codex-window-id",
  "x-stainless-arch",
  "x-stainless-lang",
  "x-stainless-os",
  "x-stainless-package-version",
  "x-stainless-retry-count",
  "x-stainless-runtime",
  "x-stainless-runtime-version",
  "x-stainless-timeout",
  // what the upstream tells of itself
  "openai-model",
  "openai-processing-ms",
  "openai-version",
  "x-ratelimit-limit-requests",
  "x-ratelimit-limit-tokens",
  "x-ratelimit-remaining-requests",
  "x-ratelimit-remaining-tokens",
  "x-ratelimit-reset-requests",
  "x-ratelimit-reset-tokens",
  "x-request-id",
]);

export interface DumpedHeader {
  readonly name: string;
  readonly value: string;
}

/** @param rawHeaders - as name, value, name, value, … */
export function dumpedHeaders(rawHeaders: readonly string[]): DumpedHeader[] {
  const headers: DumpedHeader[] = [];
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    const [name = "", value = ""] = rawHeaders.slice(i, i + 2);
    headers.push({ name, value: shown.has(name.toLowerCase()) ? value : "[REDACTED]" });
  }
  return headers;
}
