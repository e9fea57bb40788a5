// The inputs that are kept for each target: a file a target, a line an input in base64.

import { createHash } from "node:crypto";
import fs from "node:fs";
import { join } from "node:path";
import { packageRoot } from "../proxy-process.ts";

const fileOf = (target: string) => join(packageRoot, "test", "fuzz", "corpus", `${target}.txt`);

export function readInputs(target: string): Buffer[] {
  if (!fs.existsSync(fileOf(target))) return [];
  const lines = fs.readFileSync(fileOf(target), "latin1").split("\n").slice(0, -1);
  return lines.map((line) => Buffer.from(line, "base64"));
}

/** Replace the inputs of a target. */
export function writeInputs(target: string, inputs: readonly Buffer[]): void {
  const lines = inputs.map((input) => `${input.toString("base64")}\n`);
  fs.writeFileSync(fileOf(target), lines.sort((a, b) => a.length - b.length || (a < b ? -1 : 1)).join(""));
}

/** Write each input into a file of its own, as native targets want them. */
export function unpackInputs(inputs: readonly Buffer[], folder: string): string[] {
  fs.mkdirSync(folder, { recursive: true });
  return inputs.map((input) => {
    const file = join(folder, createHash("sha1").update(input).digest("hex"));
    fs.writeFileSync(file, input);
    return file;
  });
}
