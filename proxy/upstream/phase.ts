// Where on the way a request was when it failed, for the log.

import type { ProxyError } from "../errors.ts";

export type Phase =
  | "renewing the key"
  | "connecting"
  | "in the TLS handshake"
  | "sending the request"
  | "waiting for the answer"
  | "reading the answer";

/** A connection that did not come about; `cause` is a {@link ProxyError} or what the system said. */
export class ConnectFailure extends Error {
  override readonly name = "ConnectFailure";
  readonly phase: Phase;

  constructor(phase: Phase, cause: Error | ProxyError) {
    super("no connection to the upstream", { cause });
    this.phase = phase;
  }
}
