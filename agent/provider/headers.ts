// Headers that the configuration asks for, checked once: a bad one is named, its value never shown.

import type { ModelProvider } from "../config/config.ts";
import type { Environment } from "../environment.ts";
import { ProviderError } from "./errors.ts";

const token = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/; // RFC 9110 5.6.2
const fieldValue = /^[\t\x20-\x7e\x80-\xff]*$/;

// The ones that decide where a message ends or goes.
const reserved = new Set(["host", "content-length", "transfer-encoding", "connection", "expect", "upgrade"]);

/** Header names in lower case to values. */
export type Headers = Readonly<Record<string, string>>;

/**
 * `http_headers`, and over them those `env_http_headers` whose variable is set and not blank.
 *
 * @throws {ProviderError} PROVIDER_HEADER
 */
export function configuredHeaders(provider: ModelProvider, environment: Environment): Headers {
  const headers: Record<string, string> = {};
  const add = (name: string, value: string, source: string) => {
    if (!token.test(name) || reserved.has(name.toLowerCase())) {
      throw new ProviderError("PROVIDER_HEADER", `${source}: \`${name}\` is no header that can be set`);
    }
    if (!fieldValue.test(value)) {
      throw new ProviderError(
        "PROVIDER_HEADER",
        `${source}: the value for \`${name}\` is not fit for a header`,
      );
    }
    headers[name.toLowerCase()] = value;
  };
  const table = `model_providers.${provider.id}`;
  for (const [name, value] of Object.entries(provider.httpHeaders)) add(name, value, `${table}.http_headers`);
  for (const [name, variable] of Object.entries(provider.envHttpHeaders)) {
    const value = environment[variable];
    if (value !== undefined && value.trim() !== "")
      add(name, value, `${table}.env_http_headers (${variable})`);
  }
  return headers;
}
