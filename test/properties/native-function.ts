// Calls functions of the launcher from tests: each program in native/ includes the source that it
// answers for and is compiled by the compiler that builds the package.

import { spawnSync } from "node:child_process";
import fs from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { packageRoot } from "../proxy-process.ts";

export interface NativeFunction {
  /** @returns what it printed, undefined where it exited 2 */
  call(args: readonly string[]): string | undefined;
  remove(): void;
}

/** @throws {Error} with what the compiler said */
export function compileNativeFunction(name: string): NativeFunction {
  const folder = fs.mkdtempSync(join(tmpdir(), "codex-property-"));
  const program = join(folder, name);
  const source = join(packageRoot, "test", "properties", "native", `${name}.c`);
  const flags = ["-O1", "-std=gnu11", "-D_GNU_SOURCE", "-Wall", "-Wextra", "-Werror", "-Wno-unused-function"];
  // Some of the modules under test load the addon, which empties the environment.
  const env = { PATH: "/usr/local/bin:/usr/bin:/bin", ...process.env };
  const built = spawnSync(process.env.CC || "cc", [...flags, source, "-o", program], {
    encoding: "utf8",
    env,
  });
  if (built.status !== 0)
    throw new Error(`cannot compile ${source}: ${built.error?.message ?? built.stderr}`);
  return {
    call: (args) => {
      const { status, signal, stdout } = spawnSync(program, args, { encoding: "latin1" });
      if (status === 2) return undefined;
      if (status !== 0) throw new Error(`${name} ended with ${status ?? signal}`);
      return stdout;
    },
    remove: () => fs.rmSync(folder, { recursive: true }),
  };
}
