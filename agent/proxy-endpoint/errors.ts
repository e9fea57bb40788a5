// Why the proxy that was named cannot be used, in one table: code, exit status, and what to do where the
// thrower has nothing better to say.

import { AgentError } from "../errors.ts";

const failures = {
  PROXY_REFERENCE: [1, "give a server info file, http://HOST:PORT/v1, or unix:PATH"],
  PROXY_SERVER_INFO: [1, "name the file that codex-responses-api-proxy --server-info FILE writes"],
  PROXY_UNTRUSTED: [1, "ask for a place that only root or the proxy's own user can write"],
  PROXY_NOT_RUNNING: [1, "start it, or ask whoever runs it for this machine"],
  PROXY_UNREACHABLE: [1, "ask whoever runs the proxy whether this user may connect"],
  PROXY_TOKEN: [1, "set CODEX_PROXY_TOKEN to the text that codex-responses-api-proxy token new printed"],
} as const satisfies Record<string, readonly [exitStatus: number, hint: string]>;

export type ProxyEndpointErrorCode = keyof typeof failures;

/** A proxy that cannot be used; nothing has been sent to it. */
export class ProxyEndpointError extends AgentError {
  override readonly name = "ProxyEndpointError";
  declare readonly code: ProxyEndpointErrorCode;

  constructor(
    code: ProxyEndpointErrorCode,
    message: string,
    facts: { readonly hint?: string; readonly cause?: unknown } = {},
  ) {
    const [exitStatus, hint] = failures[code];
    super(message, { code, exitStatus, hint, ...facts });
  }
}
