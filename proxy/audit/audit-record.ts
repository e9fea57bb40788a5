// The records of the audit log: what each of them says, and in which order. All text in them that a client
// or an upstream chose is plain and short. Never bodies, header values or the key.

import { randomUUID } from "node:crypto";
import type { Client } from "../access/client.ts";
import type { MeasuredExchange } from "../telemetry/exchange-facts.ts";
import { plainText } from "../telemetry/plain-text.ts";
import type { TokenUsage } from "../telemetry/token-usage.ts";

/** One request; a member is absent where nothing is known. */
export interface RequestRecord {
  /** when the request came; ISO 8601 in UTC, milliseconds */
  readonly time: string;
  readonly event: "request";
  readonly id: string;
  readonly transport: "tcp" | "unix";
  readonly uid?: number | undefined;
  readonly user?: string | undefined;
  readonly pid?: number | undefined;
  readonly executable?: string | undefined;
  readonly token?: string | undefined;
  readonly verdict: "forwarded" | "refused";
  /** the code of the proxy's own answer */
  readonly rule?: string | undefined;
  readonly model?: string | undefined;
  /** absent where the client left before there was one */
  readonly status?: number | undefined;
  /** of the bodies */
  readonly bytes_in: number;
  readonly bytes_out: number;
  /** from the request's head to the answer's */
  readonly ttfb_ms?: number | undefined;
  readonly duration_ms: number;
  readonly usage?: TokenUsage | undefined;
  readonly upstream_request_id?: string | undefined;
  /** whether the answer came and left in full */
  readonly complete: boolean;
}

const maxNameLength = 64;
const maxPathLength = 256;

/** The record of a request that was forwarded, at its end. */
export function forwardedRecord(exchange: MeasuredExchange): RequestRecord {
  const { startMs, firstByteMs, endMs = startMs } = exchange;
  return {
    time: new Date(exchange.beganAtMs).toISOString(),
    event: "request",
    id: randomUUID(),
    ...clientMembers(exchange.client),
    verdict: "forwarded",
    rule: exchange.failure,
    model: exchange.model,
    status: exchange.status,
    bytes_in: exchange.bytesIn,
    bytes_out: exchange.bytesOut,
    ttfb_ms: firstByteMs === undefined ? undefined : tenths(firstByteMs - startMs),
    duration_ms: tenths(endMs - startMs),
    usage: exchange.usage,
    upstream_request_id: exchange.upstreamRequestId,
    complete: exchange.isComplete,
  };
}

/** The record of a request that the proxy refused. */
export function refusedRecord(client: Client, rule: string, status: number): RequestRecord {
  return {
    time: new Date().toISOString(),
    event: "request",
    id: randomUUID(),
    ...clientMembers(client),
    verdict: "refused",
    rule,
    status,
    bytes_in: 0,
    bytes_out: 0,
    duration_ms: 0,
    complete: true,
  };
}

function clientMembers({ transport, uid, user, pid, executable, tokenName }: Client) {
  return {
    transport,
    uid,
    user: user === undefined ? undefined : plainText(user, maxNameLength),
    pid,
    executable: executable === undefined ? undefined : plainText(executable, maxPathLength),
    token: tokenName === undefined ? undefined : plainText(tokenName, maxNameLength),
  };
}

function tenths(ms: number): number {
  return Math.round(ms * 10) / 10;
}
