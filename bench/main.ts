// Measures this proxy side by side with what a user would pick instead. See README.md.

import fs from "node:fs";
import os from "node:os";
import { join, resolve } from "node:path";
import { packageRoot } from "../test/proxy-process.ts";
import { drawChart } from "./chart.ts";
import { measures } from "./measures/table.ts";
import { type BenchOptions, parseOptions, usage } from "./options.ts";
import type { Peer } from "./peers/peer.ts";
import { peers, variants } from "./peers/table.ts";
import { leaveProxyCore, loadCore, proxyCore, takePriority } from "./processes.ts";
import type { MeasureResult, Results } from "./results.ts";
import { runMeasure } from "./rounds.ts";
import { formatMeasure } from "./text-table.ts";
import { openWorld } from "./world.ts";

function findPeers(names: readonly string[]): readonly Peer[] {
  return [...peers, ...variants].filter((peer) => {
    if (!names.includes(peer.name)) return false;
    const missing = peer.missing();
    if (missing !== undefined) process.stdout.write(`not measured: ${peer.title}: ${missing}\n`);
    return missing === undefined;
  });
}

function write(folder: string, results: Results): void {
  fs.mkdirSync(folder, { recursive: true });
  fs.writeFileSync(join(folder, "results.json"), `${JSON.stringify(results, null, 1)}\n`);
  fs.writeFileSync(join(folder, "results.txt"), results.measures.map(formatMeasure).join("").trimStart());
  fs.writeFileSync(join(folder, "results.svg"), drawChart(results.measures));
  process.stdout.write(`\nwritten: results.json, results.txt and results.svg in ${folder}\n`);
}

async function main(options: BenchOptions): Promise<void> {
  const found = findPeers(options.peers);
  if (proxyCore === loadCore) {
    process.stdout.write("warning: there is one core only: load and proxy disturb each other\n");
  }
  leaveProxyCore();
  if (options.hasPriority) takePriority();
  const world = await openWorld();
  const hasTls = world.rig.tlsPort !== undefined;
  if (!hasTls)
    process.stdout.write("not measured: TLS: OpenSSL's headers are missing (Debian: libssl-dev)\n");

  const results: MeasureResult[] = [];
  for (const measure of measures) {
    const needsTls = measure.kind === "running" && measure.overTls === true;
    if (!options.measures.includes(measure.id) || (needsTls && !hasTls)) continue;
    const result = await runMeasure(measure, found, world, options.rounds, options.scale);
    process.stdout.write(formatMeasure(result));
    results.push(result);
  }
  if (options.out === undefined) return;
  write(resolve(packageRoot, options.out), {
    machine: { kernel: os.release(), processor: os.cpus()[0]?.model ?? "", cores: os.cpus().length },
    rounds: options.rounds,
    versions: Object.fromEntries(found.map((peer) => [peer.name, peer.version?.() ?? ""])),
    measures: results,
  });
}

try {
  const known = {
    measures: measures.map(({ id }) => id),
    peers: peers.map(({ name }) => name),
    variants: variants.map(({ name }) => name),
  };
  await main(parseOptions(process.argv.slice(2), known));
  process.exit(0);
} catch (error) {
  process.stderr.write(`${(error as Error).message}\n\n${usage}`);
  process.exit(1);
}
