// What the rules on who may connect cost: a question to the kernel for each new connection, and the
// answers to those who are refused, while others are served.

import { bodyBytes, nsPerMs, nsPerUs, type RunningMeasure, type Values } from "./measure.ts";

// What refused clients are; nobody has it.
const refusedUid = 60_003;
const refusedPerSecond = 1000;

const connections = 8;

export const newConnections: RunningMeasure = {
  kind: "running",
  id: "connections",
  title: "a new connection for each request, plain upstream",
  figures: [
    { id: "cpu", title: "CPU per connection", unit: "µs", digits: 1, better: "lower" },
    { id: "latencyP50", title: "latency p50", unit: "ms", digits: 3, better: "lower" },
  ],
  round: async (running, { rig }, { ms, noisy }) => {
    const load = { "body-bytes": bodyBytes, connections, fresh: 1, ms, noisy };
    const seen = await rig.run("rate", { ...running.target(), ...load });
    return { cpu: seen.cpu / seen.count / nsPerUs, latencyP50: seen.latency.p50 / nsPerMs };
  },
};

export const refusals: RunningMeasure = {
  kind: "running",
  id: "refusals",
  title: `200 streams, and beside them ${refusedPerSecond} refused connections a second`,
  figures: [
    { id: "quietP50", title: "delay p50 without", unit: "ms", digits: 3, better: "lower" },
    { id: "refusedP50", title: "with", unit: "ms", digits: 3, better: "lower" },
    { id: "quietP99", title: "p99 without", unit: "ms", digits: 2, better: "lower" },
    { id: "refusedP99", title: "with", unit: "ms", digits: 2, better: "lower" },
    { id: "refused", title: "refused a second", unit: "", digits: 0, better: "higher" },
    { id: "cpu", title: "CPU per refusal", unit: "µs", digits: 0, better: "lower" },
  ],
  round: async (running, { rig }, { ms, noisy }): Promise<Values> => {
    const load = { "body-bytes": bodyBytes, "gap-us": 20_000, streams: 200, ms, noisy };
    const quiet = await rig.run("streams", { ...running.target(), ...load });
    const refused = { "refused-per-second": refusedPerSecond, "refused-uid": refusedUid };
    const seen = await rig.run("streams", { ...running.target(), ...load, ...refused });
    const quietCpu = (quiet.cpu / quiet.ns) * seen.ns;
    return {
      quietP50: quiet.delay.p50 / nsPerMs,
      refusedP50: seen.delay.p50 / nsPerMs,
      quietP99: quiet.delay.p99 / nsPerMs,
      refusedP99: seen.delay.p99 / nsPerMs,
      refused: seen.refused / (seen.ns / 1e9),
      cpu: (seen.cpu - quietCpu) / seen.refused / nsPerUs,
    };
  },
};
