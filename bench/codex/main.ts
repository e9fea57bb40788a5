// What `codex exec` costs, ours beside the original's, run in turns against the same scripted upstream, so
// that all of them meet the same other work.
//
//   npm run bench:codex -- [--only NAMES] [--rounds N] [--quick] [--original NAME=SCRIPT]…
//
// The original is taken from bench/node_modules, unless scripts of it are named.

import fs from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { summarise } from "../statistics.ts";
import { measures, type Scale } from "./measures.ts";
import type { Program } from "./program.ts";

const { values } = parseArgs({
  options: {
    only: { type: "string", default: measures.map(({ name }) => name).join(",") },
    rounds: { type: "string" },
    quick: { type: "boolean", default: false },
    original: { type: "string", multiple: true },
  },
});
const scale: Scale = values.quick
  ? { events: 5_000, turns: [50, 500], toolCalls: 30 }
  : { events: 30_000, turns: [500, 5_000], toolCalls: 300 };
const rounds = Number(values.rounds ?? (values.quick ? 1 : 5));
const chosen = values.only.split(",").map((name) => {
  const measure = measures.find((one) => one.name === name);
  if (measure === undefined) throw new Error(`no measure is called ${name}`);
  return measure;
});

const packageRoot = fileURLToPath(new URL("../../../", import.meta.url));
const bin = fs.mkdtempSync(join(tmpdir(), "codex-bench-bin-"));
fs.symlinkSync(join(packageRoot, "native/build/codex-responses-api-proxy"), join(bin, "codex"));

function originals(): readonly Program[] {
  if (values.original !== undefined) {
    return values.original.map((given) => {
      const at = given.indexOf("=");
      return { name: given.slice(0, at), command: [process.execPath, given.slice(at + 1)] };
    });
  }
  const script = join(packageRoot, "bench/node_modules/@openai/codex/bin/codex.js");
  if (fs.existsSync(script)) return [{ name: "original", command: [process.execPath, script] }];
  process.stderr.write("the original is not installed: npm --prefix bench ci\n");
  return [];
}

const number = (value: number) => value.toFixed(1).padStart(9);
const programs: readonly Program[] = [{ name: "ours", command: [join(bin, "codex")] }, ...originals()];
try {
  process.stdout.write(`${rounds} rounds: median (lowest to highest)\n`);
  for (const measure of chosen) {
    const seen = new Map<string, Map<string, number[]>>();
    for (let round = 0; round < rounds; round++) {
      for (const program of programs) {
        const figures = await measure.run(program, scale).catch((error: Error) => {
          process.stderr.write(`${measure.name}, ${program.name}: ${error.message.slice(0, 500)}\n`);
          return {};
        });
        for (const [title, value] of Object.entries(figures)) {
          const rows = seen.get(title) ?? new Map<string, number[]>();
          rows.set(program.name, [...(rows.get(program.name) ?? []), value]);
          seen.set(title, rows);
        }
      }
    }
    for (const [title, rows] of seen) {
      process.stdout.write(`\n${title}\n`);
      for (const [name, figures] of rows) {
        const { median, min, max } = summarise(figures);
        process.stdout.write(
          `  ${name.padEnd(12)} ${number(median)} (${min.toFixed(1)} to ${max.toFixed(1)})\n`,
        );
      }
    }
  }
} finally {
  fs.rmSync(bin, { recursive: true, force: true });
}
