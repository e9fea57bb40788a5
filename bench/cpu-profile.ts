// Reads what `node --cpu-prof` writes: where the time of a run went, function by function.

interface Frame {
  readonly functionName: string;
  readonly url: string;
  /** counted from 0 */
  readonly lineNumber: number;
}

export interface CpuProfile {
  /** µs, CLOCK_MONOTONIC */
  readonly startTime: number;
  readonly nodes: readonly { readonly id: number; readonly callFrame: Frame }[];
  /** the node that was seen at each sample */
  readonly samples: readonly number[];
  /** µs since the sample before */
  readonly timeDeltas: readonly number[];
}

export interface SelfTime {
  /** the function and where it stands */
  readonly name: string;
  readonly us: number;
}

function nameOf({ functionName, url, lineNumber }: Frame): string {
  const name = functionName === "" ? "(anonymous)" : functionName;
  if (url === "") return name;
  const place = url.replace(/^.*\/(node_modules|dist)\//, "");
  return `${name} ${place}:${lineNumber + 1}`;
}

/**
 * Time spent in each function itself, the longest first; idle time is left out.
 *
 * @param fromUs - leave out what was sampled before this moment of CLOCK_MONOTONIC
 * @param toUs - and after this one
 */
export function selfTimes(profile: CpuProfile, fromUs = 0, toUs = Number.POSITIVE_INFINITY): SelfTime[] {
  const { nodes, samples, timeDeltas, startTime } = profile;
  const names = new Map(nodes.map(({ id, callFrame }) => [id, nameOf(callFrame)]));
  const sums = new Map<string, number>();
  let atUs = startTime;
  samples.forEach((id, index) => {
    // A delta leads to its sample; the time after it belongs to what was seen there.
    atUs += timeDeltas[index] ?? 0;
    if (atUs < fromUs || atUs > toUs) return;
    const name = names.get(id) ?? "(unknown)";
    sums.set(name, (sums.get(name) ?? 0) + (timeDeltas[index + 1] ?? 0));
  });
  sums.delete("(idle)");
  return [...sums].map(([name, us]) => ({ name, us })).sort((a, b) => b.us - a.us);
}
