// The command line of the benchmark.

import { parseArgs } from "node:util";
import { fullScale, quickScale, type Scale } from "./measures/measure.ts";

export interface BenchOptions {
  readonly rounds: number;
  readonly scale: Scale;
  readonly hasPriority: boolean;
  /** names, in no order */
  readonly measures: readonly string[];
  readonly peers: readonly string[];
  /** folder for what is kept, undefined for nothing */
  readonly out: string | undefined;
}

export const usage = `npm run bench -- [options]
  --only NAMES     measures, by their names or the beginnings of names, separated by commas
  --peers NAMES    proxies, by their names
  --rounds N       default 3
  --quick          one short round
  --noisy          count what was disturbed too, where the machine is never quiet
  --priority       go before everything else on the machine, and count everything (root)
  --out FOLDER     write results.json, .txt and .svg there; default bench/results for a full run
`;

/**
 * @param known - the names that there are
 * @throws {Error} for an option or a name that does not exist
 */
export function parseOptions(
  args: readonly string[],
  known: {
    readonly measures: readonly string[];
    readonly peers: readonly string[];
    /** further proxies, which are measured only by name */
    readonly variants?: readonly string[];
  },
): BenchOptions {
  const { values } = parseArgs({
    args: [...args],
    options: {
      only: { type: "string" },
      peers: { type: "string" },
      rounds: { type: "string" },
      quick: { type: "boolean", default: false },
      noisy: { type: "boolean", default: false },
      priority: { type: "boolean", default: false },
      out: { type: "string" },
    },
  });
  const rounds = values.rounds === undefined ? (values.quick ? 1 : 3) : Number(values.rounds);
  if (!Number.isInteger(rounds) || rounds < 1) throw new Error("--rounds wants a whole number above 0");
  const isFull = values.only === undefined && values.peers === undefined && !values.quick;
  return {
    rounds,
    scale: { ...(values.quick ? quickScale : fullScale), noisy: values.noisy || values.priority ? 1 : 0 },
    hasPriority: values.priority,
    measures: choose("measure", known.measures, values.only, (name, wanted) => name.startsWith(wanted)),
    peers:
      values.peers === undefined
        ? known.peers
        : choose(
            "proxy",
            [...known.peers, ...(known.variants ?? [])],
            values.peers,
            (name, wanted) => name === wanted,
          ),
    out: values.out ?? (isFull ? "bench/results" : undefined),
  };
}

function choose(
  what: string,
  known: readonly string[],
  list: string | undefined,
  matches: (name: string, wanted: string) => boolean,
): readonly string[] {
  if (list === undefined) return known;
  return list.split(",").flatMap((wanted) => {
    const found = known.filter((name) => matches(name, wanted));
    if (found.length === 0) throw new Error(`no ${what} is called ${wanted}; there are ${known.join(", ")}`);
    return found;
  });
}
