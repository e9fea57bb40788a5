// A measure: what one round of it does with one proxy, and which figures come out.

import type { Peer, RunningPeer } from "../peers/peer.ts";
import type { Counted } from "../rig.ts";
import type { World } from "../world.ts";

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

/** A round that broke off, with the figures that it had until then. */
export class RoundFailure extends Error {
  readonly values: Values;

  constructor(message: string, values: Values) {
    super(message);
    this.values = values;
  }
}

interface Common {
  readonly id: string;
  readonly title: string;
  readonly figures: readonly Figure[];
  /** proxies for which it means nothing, by name */
  readonly without?: readonly string[];
}

/** Proxies run from the first round to the last. */
export interface RunningMeasure extends Common {
  readonly kind: "running";
  readonly overTls?: boolean;
  /** before the first round; one round that does not count, where nothing is given */
  warmUp?(running: RunningPeer, world: World): Promise<unknown>;
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
  /** undisturbed time of each measurement */
  readonly ms: number;
  /** 1: count disturbed time too, for machines that are never quiet */
  readonly noisy: 0 | 1;
  /** how many streams are held open */
  readonly streams: readonly number[];
}

export const fullScale: Scale = { ms: 2000, noisy: 0, streams: [1000, 5000] };
export const quickScale: Scale = { ms: 600, noisy: 0, streams: [1000] };

/** Of all that was measured, the share that counts; not shown where everything does. */
export const undisturbed: Figure = {
  id: "undisturbed",
  title: "undisturbed",
  unit: "%",
  digits: 0,
  better: "higher",
};

export function undisturbedShare({ kept, slices }: Counted, { noisy }: Scale): Values {
  return noisy === 1 ? {} : { undisturbed: (kept / slices) * 100 };
}

/** The body of a small request. */
export const bodyBytes = 4096;

export const nsPerUs = 1000;
export const nsPerMs = 1_000_000;
