// Why no connection to a model provider can be had, in one table. No message holds a key, a token or the
// value of a header.

import { AgentError } from "../errors.ts";

const failures = {
  PROVIDER_MISSING_VARIABLE: 1,
  PROVIDER_BASE_URL: 1,
  PROVIDER_HEADER: 1,
  PROVIDER_BAD_KEY: 1,
} as const satisfies Record<string, number>;

export type ProviderErrorCode = keyof typeof failures;

/** A provider that cannot be used as it is configured; asking again changes nothing. */
export class ProviderError extends AgentError {
  override readonly name = "ProviderError";
  declare readonly code: ProviderErrorCode;

  constructor(
    code: ProviderErrorCode,
    message: string,
    facts: { readonly hint?: string; readonly cause?: unknown } = {},
  ) {
    super(message, { code, exitStatus: failures[code], ...facts });
  }
}
