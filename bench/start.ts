// What it costs to start `codex`: ours beside the original's command, run in turns, so that all of them
// meet the same other work. Wall time from spawn to exit, as a script that calls it waits.
//
// The original is taken from bench/node_modules; CODEX_ORIGINAL names another script of it.

import { spawnSync } from "node:child_process";
import fs from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const rounds = Number(process.argv[2] ?? 20);
const packageRoot = fileURLToPath(new URL("../../", import.meta.url));
const home = fs.mkdtempSync(join(tmpdir(), "codex-start-"));
const bin = join(home, "codex");
fs.symlinkSync(join(packageRoot, "native/build/codex-responses-api-proxy"), bin);
const script =
  process.env.CODEX_ORIGINAL ?? join(packageRoot, "bench/node_modules/@openai/codex/bin/codex.js");

const programs: readonly (readonly [name: string, command: readonly string[]])[] = [
  ["plain Node", [process.execPath, "-e", "0"]],
  ["ours", [bin]],
  ...(fs.existsSync(script) ? ([["original", [process.execPath, script]]] as const) : []),
];
const calls: readonly (readonly string[])[] = [["--version"], ["--help"], ["features", "list"]];

/** Milliseconds, or an error where the call failed. */
function timeOf([file, ...first]: readonly string[], args: readonly string[]): number {
  const environment = { PATH: process.env.PATH, HOME: home, CODEX_HOME: home };
  const begin = process.hrtime.bigint();
  const { status } = spawnSync(file as string, [...first, ...args], { env: environment, stdio: "ignore" });
  if (status !== 0) throw new Error(`${file} ${args.join(" ")} ended with ${status}`);
  return Number(process.hrtime.bigint() - begin) / 1e6;
}

const format = (ms: number) => ms.toFixed(1).padStart(8);
process.stdout.write(`${rounds} rounds, milliseconds: least, median\n`);
for (const args of calls) {
  const times = new Map(programs.map(([name]) => [name, [] as number[]]));
  for (let round = 0; round < rounds; round++) {
    for (const [name, command] of programs) {
      times.get(name)?.push(timeOf(command, name === "plain Node" ? [] : args));
    }
  }
  for (const [name, values] of times) {
    const sorted = values.toSorted((one, other) => one - other);
    const [least = 0, median = 0] = [sorted[0], sorted[Math.floor(sorted.length / 2)]];
    process.stdout.write(
      `${args.join(" ").padEnd(14)} ${name.padEnd(12)} ${format(least)} ${format(median)}\n`,
    );
  }
}
fs.rmSync(home, { recursive: true });
