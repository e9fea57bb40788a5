// From the start of the program to the answer to a first request. A port that takes connections is not
// enough: some listen long before they serve.

import { startPeer } from "../peers/peer.ts";
import type { FreshMeasure } from "./measure.ts";

export const start: FreshMeasure = {
  kind: "fresh",
  id: "start",
  title: "Start to the first answer",
  figures: [{ id: "ms", title: "time", unit: "ms", digits: 0, better: "lower" }],
  without: ["direct"],
  round: async (peer, world) => {
    const running = await startPeer(peer, world);
    await running.stop();
    return { ms: running.startMs as number };
  },
};
