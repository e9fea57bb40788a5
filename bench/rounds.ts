// Runs one measure in rounds. Every round goes once through all proxies, so that what disturbs the
// machine for a while meets all of them.

import { type Measure, RoundFailure, type Scale, type Values } from "./measures/measure.ts";
import { type Peer, type RunningPeer, startPeer } from "./peers/peer.ts";
import { type MeasureResult, type Row, summariseRounds } from "./results.ts";
import type { World } from "./world.ts";

// A proxy that has failed once may have been unlucky; one that fails again is left out from then on.
const maxFailures = 2;

class Progress {
  readonly rounds: Values[] = [];
  #failure: string | undefined;
  #failures = 0;

  async add(round: () => Promise<Values>): Promise<void> {
    if (this.#failures >= maxFailures) return;
    try {
      this.rounds.push(await round());
    } catch (error) {
      if (error instanceof RoundFailure) this.rounds.push(error.values);
      this.#failure = (error as Error).message;
      this.#failures++;
    }
  }

  giveUp(failure: string): void {
    this.#failure = failure;
    this.#failures = maxFailures;
  }

  toRow({ name, title }: Peer): Row {
    const cells = summariseRounds(this.rounds);
    return { name, title, cells, ...(this.#failure === undefined ? {} : { failure: this.#failure }) };
  }
}

/** Run the rounds of one measure with all that have been found. */
export async function runMeasure(
  measure: Measure,
  found: readonly Peer[],
  world: World,
  rounds: number,
  scale: Scale,
): Promise<MeasureResult> {
  const progress = new Map<Peer, Progress>();
  for (const peer of found) {
    if (measure.without?.includes(peer.name) !== true) progress.set(peer, new Progress());
  }
  const running = new Map<Peer, RunningPeer>();
  try {
    if (measure.kind === "running") {
      for (const [peer, state] of progress) {
        try {
          const started = await startPeer(peer, world, measure.overTls);
          running.set(peer, started);
          // Warms it up: compilers, pools, allocators. What fails here fails again where it counts.
          await (measure.warmUp ?? measure.round)(started, world, scale).catch(() => {});
        } catch (error) {
          state.giveUp((error as Error).message);
        }
      }
    }
    for (let round = 0; round < rounds; round++) {
      for (const [peer, state] of progress) {
        await state.add(() =>
          measure.kind === "fresh"
            ? measure.round(peer, world, scale)
            : measure.round(running.get(peer) as RunningPeer, world, scale),
        );
      }
    }
  } finally {
    for (const started of running.values()) await started.stop();
  }
  const rows = [...progress].map(([peer, state]) => state.toRow(peer));
  const figures = measure.figures.filter(({ id }) => rows.some(({ cells }) => cells[id] !== undefined));
  return { id: measure.id, title: measure.title, figures, rows };
}
