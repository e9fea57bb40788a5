// Everything that is counted while the proxy serves, for /metrics and /status. Names that clients choose
// become labels, so each kind of them is bounded: whatever anybody sends, the tally stays small.

import type { ProxyError } from "../errors.ts";
import type { ByteMeter, ExchangeListener, MeasuredExchange } from "../telemetry/exchange-facts.ts";
import { plainText } from "../telemetry/plain-text.ts";
import { tokenKinds } from "../telemetry/token-usage.ts";
import { Histogram } from "./histogram.ts";
import { RecentRates } from "./recent-rates.ts";

const maxModels = 50;
const maxUsers = 200;
const maxSeries = 2000;

// Seconds. A model thinks for minutes before its first byte; events follow within milliseconds.
const firstByteBounds = [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300];
const gapBounds = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5, 30];

export interface RequestSeries {
  readonly user: string;
  readonly model: string;
  readonly status: string;
  count: number;
}

export interface TokenSeries {
  readonly user: string;
  readonly model: string;
  /** by kind, as in `tokenKinds` */
  readonly tokens: number[];
}

export class Tally implements ExchangeListener {
  readonly open = new Set<MeasuredExchange>();
  readonly requests = new Map<string, RequestSeries>();
  readonly tokens = new Map<string, TokenSeries>();
  readonly firstBytes = new Map<string, Histogram>();
  readonly gaps = new Map<string, Histogram>();
  readonly refusals = new Map<string, number>();
  readonly upstreamErrors = new Map<string, number>();
  readonly rates = new RecentRates();
  bytesIn = 0;
  bytesOut = 0;
  /** answers that did not come to their end, also those that their client did not wait for */
  incomplete = 0;
  // A stream of an hour is seen while it goes on, not as one leap at its end.
  readonly #bytesMeter: ByteMeter = {
    observe: (bytes) => {
      this.bytesOut += bytes;
      this.rates.add("bytes", bytes);
    },
  };
  readonly #models = new Set<string>();
  readonly #users = new Set<string>();

  began(exchange: MeasuredExchange): void {
    this.open.add(exchange);
    exchange.byteMeter = this.#bytesMeter;
  }

  answered(exchange: MeasuredExchange): void {
    const { startMs, firstByteMs = startMs } = exchange;
    const model = this.modelOf(exchange);
    histogramOf(this.firstBytes, model, firstByteBounds).observe(firstByteMs - startMs);
    if (exchange.isStream) exchange.gapMeter = histogramOf(this.gaps, model, gapBounds);
  }

  ended(exchange: MeasuredExchange): void {
    this.open.delete(exchange);
    const user = this.userOf(exchange);
    const model = this.modelOf(exchange);
    const status = exchange.status === undefined ? "none" : String(exchange.status);
    seriesOf(this.requests, [user, model, status], ([user, model, status]) => ({
      user,
      model,
      status,
      count: 0,
    })).count++;
    this.bytesIn += exchange.bytesIn;
    if (!exchange.isComplete) this.incomplete++;
    this.rates.add("requests", 1);
    if (exchange.phase !== undefined) {
      this.upstreamErrors.set(exchange.phase, (this.upstreamErrors.get(exchange.phase) ?? 0) + 1);
      this.rates.add("failures", 1);
    }
    const { usage } = exchange;
    if (usage === undefined) return;
    const { tokens } = seriesOf(this.tokens, [user, model], ([user, model]) => ({
      user,
      model,
      tokens: tokenKinds.map(() => 0),
    }));
    for (const [slot, kind] of tokenKinds.entries())
      tokens[slot] = (tokens[slot] as number) + (usage[kind] ?? 0);
    this.rates.add("tokens", usage.total ?? (usage.input ?? 0) + (usage.output ?? 0));
  }

  refused(error: ProxyError): void {
    this.refusals.set(error.code, (this.refusals.get(error.code) ?? 0) + 1);
    this.rates.add("refusals", 1);
  }

  /** Its model as a label. A new one is taken from the upstream's word alone: what it answered. */
  modelOf(exchange: MeasuredExchange): string {
    const { model = "none", status = 0 } = exchange;
    if (model === "none" || this.#models.has(model)) return model;
    if (status < 200 || status > 299 || this.#models.size >= maxModels) return "other";
    this.#models.add(model);
    return model;
  }

  /** Its user as a label: the name, or else the uid. */
  userOf(exchange: MeasuredExchange): string {
    const { user, uid } = exchange.client;
    const label = user !== undefined ? plainText(user, 64) : uid !== undefined ? String(uid) : "unknown";
    if (this.#users.has(label)) return label;
    if (this.#users.size >= maxUsers) return "other";
    this.#users.add(label);
    return label;
  }
}

function histogramOf(by: Map<string, Histogram>, model: string, bounds: readonly number[]): Histogram {
  let found = by.get(model);
  if (found === undefined) {
    found = new Histogram(bounds);
    by.set(model, found);
  }
  return found;
}

/** @param make - makes the series of the labels; where there are too many, one counts for all that follow */
function seriesOf<Series, Labels extends readonly string[]>(
  all: Map<string, Series>,
  labels: readonly [...Labels],
  make: (labels: readonly [...Labels]) => Series,
): Series {
  const known = all.get(keyOf(labels));
  if (known !== undefined) return known;
  const taken = all.size < maxSeries ? labels : (labels.map(() => "other") as unknown as typeof labels);
  const key = keyOf(taken);
  const series = all.get(key) ?? make(taken);
  all.set(key, series);
  return series;
}

function keyOf(labels: readonly string[]): string {
  let key = "";
  for (const label of labels) key += `${label}\0`;
  return key;
}
