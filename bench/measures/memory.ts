// Resident memory: one second after the start, for each open stream, and after a large body.

import { setTimeout as sleep } from "node:timers/promises";
import { type RunningPeer, startPeer } from "../peers/peer.ts";
import { residentBytes } from "../processes.ts";
import { bodyBytes, type FreshMeasure } from "./measure.ts";

const mib = 1024 * 1024;
const kib = 1024;
const largeBodyBytes = 200 * mib;

function resident({ process }: RunningPeer): number {
  return process === undefined ? 0 : residentBytes(process.pid);
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
    const values: Record<string, number> = {};
    const { rig } = world;
    const first = await startPeer(peer, world);
    try {
      await sleep(1000);
      const rest = resident(first);
      values.rest = rest / mib;
      for (const streams of scale.streams) {
        await rig.run("hold", { ...first.target(), "body-bytes": bodyBytes, streams });
        await sleep(300);
        values[`per${streams}`] = (resident(first) - rest) / streams / kib;
        await rig.run("release");
        await sleep(300);
      }
    } finally {
      await first.stop();
    }
    const second = await startPeer(peer, world);
    try {
      await rig.run("body", { ...second.target(), "body-bytes": largeBodyBytes });
      await sleep(300);
      values.largeBody = resident(second) / mib;
    } finally {
      await second.stop();
    }
    return values;
  },
};
