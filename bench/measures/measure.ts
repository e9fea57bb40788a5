// A measure: what one round of it does with one proxy, and which figures come out.

import type { Peer, RunningPeer, World } from "../peers/peer.ts";

export interface Figure {
  readonly id: string;
  readonly title: string;
  readonly unit: string;
  /** digits after the point */
  readonly digits: number;
  readonly better: "lower" | "higher";
}

/** Values by the figure's id; a figure that a proxy does not have is left out. */
export type Values = Readonly<Record<string, number>>;

interface Common {
  readonly id: string;
  readonly title: string;
  readonly figures: readonly Figure[];
  /** proxies for which it means nothing, by name */
  readonly without?: readonly string[];
}

/** Proxies run from the first round to the last one. */
export interface RunningMeasure extends Common {
  readonly kind: "running";
  readonly overTls?: boolean;
  round(running: RunningPeer, world: World, scale: Scale): Promise<Values>;
}

/** Every round starts the proxy anew. */
export interface FreshMeasure extends Common {
  readonly kind: "fresh";
  round(peer: Peer, world: World, scale: Scale): Promise<Values>;
}

export type Measure = RunningMeasure | FreshMeasure;

/** How much is done in one round. */
export interface Scale {
  readonly requests: number;
  readonly events: number;
  readonly rateMs: number;
  readonly streams: readonly number[];
}

export const fullScale: Scale = { requests: 300, events: 125, rateMs: 2000, streams: [1000, 5000] };
export const quickScale: Scale = { requests: 100, events: 40, rateMs: 700, streams: [1000] };

/** The body of a small request. */
export const bodyBytes = 4096;

export const nsPerUs = 1000;
export const nsPerMs = 1_000_000;
