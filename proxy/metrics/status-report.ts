// What `top` shows and GET /status says: the streams that are open, what happened in the last minute, and
// the sums since the start.

import type { ChainHead } from "../audit/audit-chain.ts";
import { tokenKinds } from "../telemetry/token-usage.ts";
import { type RateKind, rateKinds } from "./recent-rates.ts";
import type { Tally } from "./tally.ts";

// The longest open first; more fit on no screen.
const maxListed = 500;

export interface OpenRequest {
  readonly user: string;
  readonly model: string;
  readonly transport: "tcp" | "unix";
  readonly age_ms: number;
  readonly bytes_in: number;
  readonly bytes_out: number;
  readonly events: number;
  /** absent before there is an answer */
  readonly status?: number;
}

export interface StatusReport {
  readonly version: string;
  readonly pid: number;
  readonly uptime_s: number;
  readonly draining: boolean;
  readonly open: readonly OpenRequest[];
  /** also those that are not listed */
  readonly open_count: number;
  /** by second, the oldest first */
  readonly history: Readonly<Record<RateKind, readonly number[]>>;
  readonly requests: number;
  readonly incomplete: number;
  readonly bytes_in: number;
  readonly bytes_out: number;
  readonly tokens: Readonly<Record<(typeof tokenKinds)[number], number>>;
  readonly refusals: Readonly<Record<string, number>>;
  readonly upstream_errors: Readonly<Record<string, number>>;
  readonly audit?: { readonly failing: boolean; readonly head?: ChainHead };
}

export interface StatusFacts {
  readonly version: string;
  readonly isDraining: () => boolean;
  readonly audit: () => StatusReport["audit"];
}

/** The state of now. */
export function reportStatus(tally: Tally, facts: StatusFacts): StatusReport {
  const nowMs = performance.now();
  const audit = facts.audit();
  const tokens = [...tally.tokens.values()];
  return {
    version: facts.version,
    pid: process.pid,
    uptime_s: Math.round(process.uptime()),
    draining: facts.isDraining(),
    open: [...tally.open].slice(0, maxListed).map((exchange) => ({
      user: tally.userOf(exchange),
      model: exchange.model ?? "none",
      transport: exchange.client.transport,
      age_ms: Math.round(nowMs - exchange.startMs),
      bytes_in: exchange.bytesIn,
      bytes_out: exchange.bytesOut,
      events: exchange.events,
      ...(exchange.status !== undefined && { status: exchange.status }),
    })),
    open_count: tally.open.size,
    history: Object.fromEntries(rateKinds.map((kind) => [kind, tally.rates.history(kind)])) as Record<
      RateKind,
      readonly number[]
    >,
    requests: [...tally.requests.values()].reduce((sum, { count }) => sum + count, 0),
    incomplete: tally.incomplete,
    bytes_in: tally.bytesIn,
    bytes_out: tally.bytesOut,
    tokens: Object.fromEntries(
      tokenKinds.map((kind, slot) => [
        kind,
        tokens.reduce((sum, series) => sum + (series.tokens[slot] ?? 0), 0),
      ]),
    ) as StatusReport["tokens"],
    refusals: Object.fromEntries(tally.refusals),
    upstream_errors: Object.fromEntries(tally.upstreamErrors),
    ...(audit !== undefined && { audit }),
  };
}
