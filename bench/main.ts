// Measures this proxy side by side with what a user would pick instead. See README.md.

import fs from "node:fs";
import os from "node:os";
import { join, resolve } from "node:path";
import { makeAuthority } from "../test/mock/certificate.ts";
import { packageRoot } from "../test/proxy-process.ts";
import { chart } from "./chart.ts";
import type { Measure, Scale, Values } from "./measures/measure.ts";
import { measures } from "./measures/table.ts";
import { type BenchOptions, parseOptions, usage } from "./options.ts";
import { type Peer, type RunningPeer, startPeer, type World } from "./peers/peer.ts";
import { peers } from "./peers/table.ts";
import { endWithEverything, leaveProxyCore, loadCore, proxyCore } from "./processes.ts";
import { type MeasureResult, type Results, type Row, summariseRounds } from "./results.ts";
import { startRig } from "./rig.ts";
import { formatMeasure } from "./text-table.ts";

const key = "sk-bench-0123456789abcdefghijklmnopqrstuvwxyzABCDEFG";

interface Progress {
  readonly rounds: Values[];
  failure?: string;
}

async function openWorld(): Promise<World> {
  const folder = fs.mkdtempSync(join(os.tmpdir(), "codex-bench-"));
  fs.chmodSync(folder, 0o755); // proxies that become another user read their certificate there
  endWithEverything(() => fs.rmSync(folder, { recursive: true, force: true }));
  const authority = makeAuthority();
  const server = authority.issue(["localhost", "127.0.0.1"]);
  const write = (name: string, text: string) => {
    const path = join(folder, name);
    fs.writeFileSync(path, text);
    return path;
  };
  const caFile = write("ca.pem", authority.cert);
  const rig = await startRig(folder, key, {
    certificate: write("server.pem", server.cert),
    privateKey: write("server-key.pem", server.key),
  });
  return { rig, key, caFile, folder };
}

/** Every round goes once through all proxies, so that what disturbs the machine meets all of them. */
async function runRounds(
  progress: ReadonlyMap<Peer, Progress>,
  rounds: number,
  round: (peer: Peer) => Promise<Values>,
): Promise<void> {
  for (let count = 0; count < rounds; count++) {
    for (const [peer, state] of progress) {
      if (state.failure !== undefined) continue;
      try {
        state.rounds.push(await round(peer));
      } catch (error) {
        state.failure = (error as Error).message;
      }
    }
  }
}

async function runMeasure(
  measure: Measure,
  measured: readonly Peer[],
  world: World,
  { rounds, scale }: { readonly rounds: number; readonly scale: Scale },
): Promise<MeasureResult> {
  const progress = new Map<Peer, Progress>(measured.map((peer) => [peer, { rounds: [] }]));
  if (measure.kind === "fresh") {
    await runRounds(progress, rounds, (peer) => measure.round(peer, world, scale));
  } else {
    const running = new Map<Peer, RunningPeer>();
    try {
      for (const [peer, state] of progress) {
        try {
          const started = await startPeer(peer, world, measure.overTls);
          running.set(peer, started);
          await measure.round(started, world, scale); // warms it up
        } catch (error) {
          state.failure = (error as Error).message;
        }
      }
      await runRounds(progress, rounds, (peer) =>
        measure.round(running.get(peer) as RunningPeer, world, scale),
      );
    } finally {
      for (const started of running.values()) await started.stop();
    }
  }
  const rows = [...progress].map(([{ name, title }, state]): Row => {
    const { failure } = state;
    return {
      name,
      title,
      cells: summariseRounds(state.rounds),
      ...(failure === undefined ? {} : { failure }),
    };
  });
  return { id: measure.id, title: measure.title, figures: measure.figures, rows };
}

function findPeers(names: readonly string[]): readonly Peer[] {
  return peers.filter((peer) => {
    if (!names.includes(peer.name)) return false;
    const missing = peer.missing();
    if (missing !== undefined) process.stdout.write(`not measured: ${peer.title}: ${missing}\n`);
    return missing === undefined;
  });
}

function write(folder: string, results: Results): void {
  fs.mkdirSync(folder, { recursive: true });
  fs.writeFileSync(join(folder, "results.json"), `${JSON.stringify(results, null, 1)}\n`);
  fs.writeFileSync(join(folder, "results.svg"), chart(results));
  process.stdout.write(`\nwritten: ${folder}/results.json, results.svg\n`);
}

async function main(options: BenchOptions): Promise<void> {
  const found = findPeers(options.peers);
  if (proxyCore === loadCore)
    process.stdout.write("warning: one core only: load and proxy disturb each other\n");
  leaveProxyCore();
  const world = await openWorld();
  if (world.rig.tlsPort === undefined) {
    process.stdout.write("not measured: TLS upstream: OpenSSL's headers are missing (Debian: libssl-dev)\n");
  }
  const results: MeasureResult[] = [];
  for (const measure of measures) {
    if (!options.measures.includes(measure.id)) continue;
    if (measure.kind === "running" && measure.overTls === true && world.rig.tlsPort === undefined) continue;
    const measured = found.filter((peer) => measure.without?.includes(peer.name) !== true);
    const result = await runMeasure(measure, measured, world, options);
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
  const known = { measures: measures.map(({ id }) => id), peers: peers.map(({ name }) => name) };
  await main(parseOptions(process.argv.slice(2), known));
  process.exit(0);
} catch (error) {
  process.stderr.write(`${(error as Error).message}\n\n${usage}`);
  process.exit(1);
}
