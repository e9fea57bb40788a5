// `npm run fuzz -- TARGET [--seconds N]`: looks for inputs on which a target fails, and keeps the
// fewest that reach all that was reached, for test/fuzz/replay.test.ts to run each time.

import { spawnSync } from "node:child_process";
import fs from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { readInputs, unpackInputs, writeInputs } from "./corpus.ts";
import { fuzzWithCoverage } from "./coverage-guided.ts";
import {
  buildNativeTarget,
  findClang,
  loadTypeScriptTarget,
  nativeTargets,
  typeScriptTargets,
} from "./targets.ts";

function giveUp(message: string): never {
  console.error(`fuzz: ${message}`);
  process.exit(1);
}

function fuzzNative(name: string, seconds: number): void {
  const clang = findClang();
  if (clang === undefined)
    giveUp("no clang; Debian: apt-get install --no-install-recommends clang libclang-rt-14-dev");
  const folder = fs.mkdtempSync(join(tmpdir(), `codex-fuzz-${name}-`)); // stays where the target fails
  const corpus = join(folder, "corpus");
  unpackInputs(readInputs(name), corpus);
  const program = buildNativeTarget(name, clang, "libfuzzer", folder);
  const failure = join(folder, "failure-");
  const { status } = spawnSync(
    program,
    [
      `-max_total_time=${seconds}`,
      "-max_len=20000",
      "-use_value_profile=1",
      `-artifact_prefix=${failure}`,
      corpus,
    ],
    { stdio: "inherit" },
  );
  if (status !== 0) giveUp(`${name} failed; the input is ${failure}…, run it with ${program} FILE`);
  const minimal = join(folder, "minimal");
  fs.mkdirSync(minimal);
  if (spawnSync(program, ["-merge=1", minimal, corpus], { stdio: "inherit" }).status !== 0)
    giveUp("cannot minimise");
  keep(
    name,
    fs.readdirSync(minimal).map((file) => fs.readFileSync(join(minimal, file))),
  );
  fs.rmSync(folder, { recursive: true });
}

async function fuzzTypeScript(name: string, seconds: number): Promise<void> {
  const target = await loadTypeScriptTarget(name);
  const isUnderTest = (url: string) => /\/dist\/(proxy|hardening)\//.test(url);
  const seed = Date.now() >>> 0;
  const result = fuzzWithCoverage(target, readInputs(name), isUnderTest, seconds, seed);
  console.log(`${name}: ${result.runs} runs, ${result.functions} functions reached, seed ${seed}`);
  if (result.failure !== undefined) {
    console.error(result.failure.error);
    giveUp(`${name} failed; the input in base64: ${result.failure.input.toString("base64")}`);
  }
  keep(name, result.corpus);
}

function keep(name: string, inputs: readonly Buffer[]): void {
  writeInputs(name, inputs);
  console.log(`${name}: kept ${inputs.length} inputs in test/fuzz/corpus/${name}.txt`);
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { seconds: { type: "string", default: "60" } },
});
const [name = "", ...more] = positionals;
const seconds = Number(values.seconds);
if (more.length > 0 || !Number.isInteger(seconds) || seconds < 1)
  giveUp("npm run fuzz -- TARGET [--seconds N]");
if (nativeTargets.includes(name)) fuzzNative(name, seconds);
else if (typeScriptTargets.includes(name)) await fuzzTypeScript(name, seconds);
else giveUp(`the targets are ${[...nativeTargets, ...typeScriptTargets].join(", ")}`);
