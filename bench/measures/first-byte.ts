// How long a single client waits: for the first byte of the answer, and for the first event. The client
// keeps its connection, as Codex does, and so may the proxy keep its own.

import { bodyBytes, nsPerUs, type RunningMeasure, undisturbed, undisturbedShare } from "./measure.ts";

// Long enough for the head to be out by itself before the event comes.
const delayUs = 2000;

function firstByte(id: string, title: string, overTls: boolean): RunningMeasure {
  return {
    kind: "running",
    id,
    title,
    overTls,
    figures: [
      { id: "byteP50", title: "first byte p50", unit: "µs", digits: 0, better: "lower" },
      { id: "byteP99", title: "p99", unit: "µs", digits: 0, better: "lower" },
      { id: "eventP50", title: "first event p50", unit: "µs", digits: 0, better: "lower" },
      { id: "eventP99", title: "p99", unit: "µs", digits: 0, better: "lower" },
      undisturbed,
    ],
    ...(overTls ? { without: ["direct"] } : {}),
    // One client sends 300 requests a second; a compiler at run time wants thousands of them first.
    warmUp: async (running, { rig }) => {
      const target = { ...running.target(), "body-bytes": bodyBytes, noisy: 1 };
      await rig.run("rate", { ...target, connections: 8, ms: 1000 });
      await rig.run("first", { ...target, "delay-us": 0, ms: 3000 });
    },
    round: async (running, { rig }, scale) => {
      const { ms, noisy } = scale;
      const seen = await rig.run("first", {
        ...running.target(),
        "body-bytes": bodyBytes,
        "delay-us": delayUs,
        ms: ms / 2,
        noisy,
      });
      return {
        byteP50: seen.firstByte.p50 / nsPerUs,
        byteP99: seen.firstByte.p99 / nsPerUs,
        eventP50: seen.firstEvent.p50 / nsPerUs,
        ...undisturbedShare(seen, scale),
        eventP99: seen.firstEvent.p99 / nsPerUs,
      };
    },
  };
}

export const firstBytePlain = firstByte("first-byte", "Wait of one client, plain upstream", false);
export const firstByteTls = firstByte("first-byte-tls", "Wait of one client, TLS upstream", true);
