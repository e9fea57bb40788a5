// What a run has found, in the form in which it is kept.

import type { Figure } from "./measures/measure.ts";
import { type Summary, summarise } from "./statistics.ts";

export interface MeasureResult {
  readonly id: string;
  readonly title: string;
  readonly figures: readonly Figure[];
  readonly rows: readonly Row[];
}

export interface Row {
  /** the proxy's */
  readonly name: string;
  readonly title: string;
  /** by the figure's id; without those that the proxy does not have */
  readonly cells: Readonly<Record<string, Summary>>;
  /** what went wrong in a round, undefined where nothing did */
  readonly failure?: string;
}

export interface Results {
  readonly machine: { readonly kernel: string; readonly processor: string; readonly cores: number };
  readonly rounds: number;
  readonly versions: Readonly<Record<string, string>>;
  readonly measures: readonly MeasureResult[];
}

/** Sum up the rounds of one proxy. */
export function summariseRounds(rounds: readonly Readonly<Record<string, number>>[]): Row["cells"] {
  const ids = new Set(rounds.flatMap((values) => Object.keys(values)));
  return Object.fromEntries(
    [...ids].map((id) => [id, summarise(rounds.flatMap((values) => values[id] ?? []))]),
  );
}
