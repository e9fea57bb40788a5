// The inputs that are kept for each target: a file a target, a line an input in base64. Before the first
// empty line stand those that were put in by hand, behind it those that fuzzing found.

import { createHash } from "node:crypto";
import fs from "node:fs";
import { join } from "node:path";
import { packageRoot } from "../proxy-process.ts";

const fileOf = (target: string) => join(packageRoot, "test", "fuzz", "corpus", `${target}.txt`);

function readLines(target: string): { readonly byHand: string[]; readonly found: string[] } {
  const lines = fs.existsSync(fileOf(target)) ? fs.readFileSync(fileOf(target), "latin1").split("\n") : [""];
  const end = lines.indexOf("");
  return { byHand: lines.slice(0, end), found: lines.slice(end + 1).filter((line) => line !== "") };
}

export function readInputs(target: string): Buffer[] {
  const { byHand, found } = readLines(target);
  return [...byHand, ...found].map((line) => Buffer.from(line, "base64"));
}

/** Replace the inputs of a target that were found; those put in by hand stay. */
export function writeInputs(target: string, inputs: readonly Buffer[]): void {
  const { byHand } = readLines(target);
  const found = inputs.map((input) => input.toString("base64")).filter((line) => !byHand.includes(line));
  found.sort((a, b) => a.length - b.length || (a < b ? -1 : 1));
  fs.writeFileSync(fileOf(target), [...byHand, "", ...found, ""].join("\n"));
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
