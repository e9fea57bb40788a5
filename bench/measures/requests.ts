// Small requests as fast as 32 clients can send them one after the other: how many a second, and what
// each costs the proxy.

import {
  bodyBytes,
  nsPerMs,
  nsPerUs,
  type RunningMeasure,
  undisturbed,
  undisturbedShare,
} from "./measure.ts";

const connections = 32;
const nsPerSecond = 1e9;

function manyRequests(id: string, title: string, overTls: boolean): RunningMeasure {
  return {
    kind: "running",
    id,
    title,
    overTls,
    figures: [
      { id: "rate", title: "requests per second", unit: "", digits: 0, better: "higher" },
      { id: "cpu", title: "CPU per request", unit: "µs", digits: 1, better: "lower" },
      { id: "latencyP50", title: "latency p50", unit: "ms", digits: 2, better: "lower" },
      { id: "latencyP99", title: "p99", unit: "ms", digits: 2, better: "lower" },
      undisturbed,
    ],
    ...(overTls ? { without: ["direct"] } : {}),
    round: async (running, { rig }, scale) => {
      const { ms, noisy } = scale;
      const target = running.target();
      const seen = await rig.run("rate", { ...target, "body-bytes": bodyBytes, connections, ms, noisy });
      return {
        rate: seen.count / (seen.ns / nsPerSecond),
        ...(target.pids === undefined ? {} : { cpu: seen.cpu / seen.count / nsPerUs }),
        latencyP50: seen.latency.p50 / nsPerMs,
        ...undisturbedShare(seen, scale),
        latencyP99: seen.latency.p99 / nsPerMs,
      };
    },
  };
}

export const requestsPlain = manyRequests("requests", "32 clients, 4 KB requests, plain upstream", false);
export const requestsTls = manyRequests("requests-tls", "32 clients, 4 KB requests, TLS upstream", true);
