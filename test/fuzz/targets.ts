// What is fuzzed: each file in native/ and typescript/ is a target by its name. Native ones include the
// source that they test, so that they are built by one call of the compiler.

import { spawnSync } from "node:child_process";
import fs from "node:fs";
import { join } from "node:path";
import { packageRoot } from "../proxy-process.ts";
import type { TypeScriptTarget } from "./coverage-guided.ts";

const nativeFolder = join(packageRoot, "test", "fuzz", "native");

const namesIn = (folder: string, ending: RegExp) =>
  fs
    .readdirSync(join(packageRoot, "test", "fuzz", folder))
    .filter((file) => ending.test(file) && file !== "replay-main.c")
    .map((file) => file.replace(ending, ""))
    .sort();

export const nativeTargets: readonly string[] = namesIn("native", /\.cc?$/);
export const typeScriptTargets: readonly string[] = namesIn("typescript", /\.ts$/);

export async function loadTypeScriptTarget(name: string): Promise<TypeScriptTarget> {
  return await import(new URL(`typescript/${name}.js`, import.meta.url).href);
}

export interface Compilers {
  readonly c: string;
  readonly cxx: string;
}

const sanitizers = ["-fsanitize=address,undefined", "-fno-sanitize-recover=undefined"];
const flags = ["-g", "-O1", "-D_GNU_SOURCE", "-Wall", "-Wextra", "-Werror", "-Wno-unused-function"];

/** The compilers with which the package itself is built. */
export const plainCompilers: Compilers = { c: process.env.CC || "cc", cxx: process.env.CXX || "c++" };

/** Debian calls them by their version where there is no package `clang`. */
export function findClang(): Compilers | undefined {
  const versions = ["", ...Array.from({ length: 20 }, (_, i) => `-${33 - i}`)];
  const version = versions.find((one) => spawnSync(`clang${one}`, ["--version"]).status === 0);
  return version === undefined ? undefined : { c: `clang${version}`, cxx: `clang++${version}` };
}

/** Whether a program with the sanitizers can be built and run here. */
export function hasSanitizers({ c }: Compilers, folder: string): boolean {
  const source = join(folder, "probe.c");
  fs.writeFileSync(source, "int main(void) { return 0; }\n");
  const built = spawnSync(c, [...sanitizers, source, "-o", join(folder, "probe")]).status === 0;
  return built && spawnSync(join(folder, "probe")).status === 0;
}

export type Engine = "libfuzzer" | "replay with sanitizers" | "replay";

/**
 * Build a native target.
 *
 * @returns the program: libFuzzer's, or one that runs the files that it is given
 * @throws {Error} with what the compiler said
 */
export function buildNativeTarget(
  name: string,
  compilers: Compilers,
  engine: Engine,
  folder: string,
): string {
  const isCxx = fs.existsSync(join(nativeFolder, `${name}.cc`));
  const program = join(folder, name);
  const own = engine === "libfuzzer" ? ["-fsanitize=fuzzer"] : [];
  const all = [...flags, ...(engine === "replay" ? [] : sanitizers)];
  const main = join(folder, "replay-main.o");
  if (engine !== "libfuzzer" && !fs.existsSync(main)) {
    compile(compilers.c, [...all, "-c", join(nativeFolder, "replay-main.c"), "-o", main]);
  }
  compile(isCxx ? compilers.cxx : compilers.c, [
    ...[isCxx ? "-std=c++17" : "-std=gnu11", ...all, ...own],
    join(nativeFolder, `${name}.${isCxx ? "cc" : "c"}`),
    ...(engine === "libfuzzer" ? [] : [main]),
    ...["-o", program],
  ]);
  return program;
}

function compile(compiler: string, args: readonly string[]): void {
  const { status, stderr, error } = spawnSync(compiler, args, { encoding: "utf8" });
  if (status !== 0) throw new Error(`${compiler} failed: ${error?.message ?? stderr}`);
}
