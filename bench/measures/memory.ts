// Resident memory: one second after the start, for each open stream, and after a large body.

import { setTimeout as sleep } from "node:timers/promises";
import { type Peer, type RunningPeer, startPeer } from "../peers/peer.ts";
import { residentBytes } from "../processes.ts";
import type { World } from "../world.ts";
import { bodyBytes, type FreshMeasure, RoundFailure, type Values } from "./measure.ts";

const kib = 1024;
const mib = 1024 * 1024;
const largeBodyBytes = 200 * mib;

// What a proxy still does when all is open, or closed.
const settleMs = 300;

function resident({ process }: RunningPeer): number {
  return process === undefined ? 0 : residentBytes(process.pid);
}

async function withPeer<T>(peer: Peer, world: World, use: (running: RunningPeer) => Promise<T>): Promise<T> {
  const running = await startPeer(peer, world);
  try {
    return await use(running);
  } finally {
    await running.stop();
  }
}

/** @throws {RoundFailure} with what was found until then: not every proxy can hold so many */
async function measureStreams(
  running: RunningPeer,
  { rig }: World,
  counts: readonly number[],
): Promise<Values> {
  await sleep(1000);
  const rest = resident(running);
  const values: Record<string, number> = { rest: rest / mib };
  for (const streams of counts) {
    try {
      await rig.run("hold", { ...running.target(), "body-bytes": bodyBytes, streams });
    } catch (error) {
      throw new RoundFailure(`${streams} streams: ${(error as Error).message}`, values);
    }
    await sleep(settleMs);
    values[`per${streams}`] = (resident(running) - rest) / streams / kib;
    await rig.run("release");
    await sleep(settleMs);
  }
  return values;
}

async function measureBody(running: RunningPeer, { rig }: World): Promise<Values> {
  await rig.run("body", { ...running.target(), "body-bytes": largeBodyBytes });
  await sleep(settleMs);
  return { largeBody: resident(running) / mib };
}

export const memory: FreshMeasure = {
  kind: "fresh",
  id: "memory",
  title: "Resident memory",
  figures: [
    { id: "rest", title: "at rest", unit: "MiB", digits: 1, better: "lower" },
    { id: "per1000", title: "per stream of 1,000", unit: "KiB", digits: 1, better: "lower" },
    { id: "per5000", title: "of 5,000", unit: "KiB", digits: 1, better: "lower" },
    { id: "largeBody", title: "after a body of 200 MiB", unit: "MiB", digits: 1, better: "lower" },
  ],
  without: ["direct"],
  round: async (peer, world, scale) => {
    const body = await withPeer(peer, world, (running) => measureBody(running, world));
    try {
      const streams = await withPeer(peer, world, (running) => measureStreams(running, world, scale.streams));
      return { ...streams, ...body };
    } catch (error) {
      if (!(error instanceof RoundFailure)) throw error;
      throw new RoundFailure(error.message, { ...error.values, ...body });
    }
  },
};
