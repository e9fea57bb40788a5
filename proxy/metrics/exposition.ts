// The tally in Prometheus' text form, by prom-client. Loaded only where there is an admin socket.

import process from "node:process";
import { type Metric, Registry } from "prom-client";
import { tokenKinds } from "../telemetry/token-usage.ts";
import type { Histogram } from "./histogram.ts";
import type { Tally } from "./tally.ts";

/** What is not in the tally. */
export interface ServerFacts {
  readonly version: string;
  readonly isDraining: () => boolean;
  /** of the key, since the start; a renewal by --github-oidc counts */
  readonly keyRotations: () => number;
  readonly auditFailures: () => number;
  readonly isAuditFailing: () => boolean;
}

interface Value {
  readonly value: number;
  readonly labels?: Readonly<Record<string, string | number>>;
  readonly metricName?: string;
}

/** @returns makes the text, of Prometheus' content type */
export function makeExposition(
  tally: Tally,
  facts: ServerFacts,
): { readonly contentType: string; text(): Promise<string> } {
  const registry = new Registry();
  const add = (
    type: "counter" | "gauge" | "histogram",
    name: string,
    help: string,
    read: () => readonly Value[],
  ) => {
    const fullName = `codex_proxy_${name}`;
    const get = async () => ({ name: fullName, help, type, values: read(), aggregator: "sum" });
    registry.registerMetric({ name: fullName, get } as unknown as Metric);
  };
  const counter = add.bind(undefined, "counter");
  const gauge = add.bind(undefined, "gauge");

  counter("requests_total", "Forwarded requests that have ended, by user, model and status", () =>
    [...tally.requests.values()].map(({ count, user, model, status }) => ({
      value: count,
      labels: { user, model, status },
    })),
  );
  counter(
    "tokens_total",
    "Tokens by user, model and kind; cached is part of input, reasoning of output",
    () =>
      [...tally.tokens.values()].flatMap(({ user, model, tokens }) =>
        tokenKinds.map((kind, slot) => ({ value: tokens[slot] as number, labels: { user, model, kind } })),
      ),
  );
  gauge("open_requests", "Forwarded requests under way, by user and model", () => openRequests(tally));
  add("histogram", "time_to_first_byte_seconds", "From a request's head to its answer's, by model", () =>
    valuesOf("codex_proxy_time_to_first_byte_seconds", tally.firstBytes),
  );
  add("histogram", "event_gap_seconds", "From one read of a stream of events to the next, by model", () =>
    valuesOf("codex_proxy_event_gap_seconds", tally.gaps),
  );
  counter("refusals_total", "Requests that the proxy refused, by rule", () =>
    [...tally.refusals].map(([rule, value]) => ({ value, labels: { rule } })),
  );
  counter("upstream_errors_total", "Forwarded requests that failed, by what was under way", () =>
    [...tally.upstreamErrors].map(([phase, value]) => ({
      value,
      labels: { phase: phase.replaceAll(" ", "_") },
    })),
  );
  counter(
    "incomplete_answers_total",
    "Answers that did not come to their end, or were not waited for",
    () => [{ value: tally.incomplete }],
  );
  counter("body_bytes_total", "Bytes of bodies, by direction: in from clients, out to them", () => [
    { value: tally.bytesIn, labels: { direction: "in" } },
    { value: tally.bytesOut, labels: { direction: "out" } },
  ]);
  counter("key_rotations_total", "How often the key was replaced", () => [{ value: facts.keyRotations() }]);
  counter("audit_write_failures_total", "Writes of audit records that failed", () => [
    { value: facts.auditFailures() },
  ]);
  gauge("audit_failing", "1 while requests are refused because audit records cannot be written", () => [
    { value: Number(facts.isAuditFailing()) },
  ]);
  gauge("draining", "1 while the proxy shuts down", () => [{ value: Number(facts.isDraining()) }]);
  gauge("build_info", "1, with the versions", () => [
    { value: 1, labels: { version: facts.version, node: process.version } },
  ]);
  gauge("start_time_seconds", "When the process started, in seconds since 1970", () => [
    { value: Math.round(performance.timeOrigin / 1000) },
  ]);
  gauge("resident_memory_bytes", "Memory of the process", () => [{ value: process.memoryUsage.rss() }]);
  counter("cpu_seconds_total", "Processor time of the process", () => {
    const { user, system } = process.cpuUsage();
    return [{ value: (user + system) / 1_000_000 }];
  });
  const atStart = performance.eventLoopUtilization();
  let last = atStart;
  gauge(
    "event_loop_busy_ratio",
    "Part of the time since the last scrape in which the event loop was busy",
    () => {
      const now = performance.eventLoopUtilization();
      const { utilization } = performance.eventLoopUtilization(now, last);
      last = now;
      return [{ value: utilization }];
    },
  );
  return { contentType: registry.contentType, text: () => registry.metrics() };
}

function openRequests(tally: Tally): readonly Value[] {
  const counts = new Map<string, { value: number; labels: { user: string; model: string } }>();
  for (const exchange of tally.open) {
    const labels = { user: tally.userOf(exchange), model: tally.modelOf(exchange) };
    const key = `${labels.user}\0${labels.model}`;
    const found = counts.get(key);
    if (found !== undefined) found.value++;
    else counts.set(key, { value: 1, labels });
  }
  return [...counts.values()];
}

function valuesOf(name: string, histograms: ReadonlyMap<string, Histogram>): readonly Value[] {
  return [...histograms].flatMap(([model, histogram]) => {
    const counts = histogram.cumulative();
    const total = counts.at(-1) as number;
    const bounds = [...histogram.bounds.map(String), "+Inf"];
    return [
      ...bounds.map((le, i) => ({
        metricName: `${name}_bucket`,
        labels: { le, model },
        value: counts[i] as number,
      })),
      { metricName: `${name}_sum`, labels: { model }, value: histogram.sumSeconds },
      { metricName: `${name}_count`, labels: { model }, value: total },
    ];
  });
}
