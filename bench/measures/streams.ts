// 200 streams at once, an event each every 20 ms, 10,000 events a second: how late each one arrives, and
// what it costs the proxy.

import {
  bodyBytes,
  nsPerMs,
  nsPerUs,
  type RunningMeasure,
  undisturbed,
  undisturbedShare,
} from "./measure.ts";

const streams = 200;
const gapUs = 20_000;

function manyStreams(id: string, title: string, overTls: boolean): RunningMeasure {
  return {
    kind: "running",
    id,
    title,
    overTls,
    figures: [
      { id: "cpu", title: "CPU per event", unit: "µs", digits: 1, better: "lower" },
      { id: "delayP50", title: "delay p50", unit: "ms", digits: 3, better: "lower" },
      { id: "delayP99", title: "p99", unit: "ms", digits: 2, better: "lower" },
      { id: "delayMax", title: "max", unit: "ms", digits: 1, better: "lower" },
      { id: "served", title: "streams served", unit: "", digits: 0, better: "higher" },
      undisturbed,
    ],
    ...(overTls ? { without: ["direct"] } : {}),
    round: async (running, { rig }, scale) => {
      const { ms, noisy } = scale;
      const target = running.target();
      const seen = await rig.run("streams", {
        ...target,
        "body-bytes": bodyBytes,
        "gap-us": gapUs,
        streams,
        ms,
        noisy,
      });
      return {
        ...(target.pids === undefined ? {} : { cpu: seen.cpu / seen.count / nsPerUs }),
        delayP50: seen.delay.p50 / nsPerMs,
        delayP99: seen.delay.p99 / nsPerMs,
        served: seen.flowing,
        ...undisturbedShare(seen, scale),
        delayMax: seen.delay.max / nsPerMs,
      };
    },
  };
}

export const streamsPlain = manyStreams("streams", "200 streams, plain upstream", false);
export const streamsTls = manyStreams("streams-tls", "200 streams, TLS upstream", true);
