// Reads unit files, systemd.syntax(7), as far as the ones in systemd/ go: no continuation lines, no quotes.

import fs from "node:fs";
import { join } from "node:path";
import { packageRoot } from "../proxy-process.ts";

export const unitFolder = join(packageRoot, "systemd");

export interface Directive {
  readonly section: string;
  readonly name: string;
  readonly value: string;
  /** the comment lines right above it, or above the directives right above it */
  readonly comment: string;
}

/** @throws {Error} for a line that is none of the kinds that there are */
export function readUnit(file: string): readonly Directive[] {
  const directives: Directive[] = [];
  let section = "";
  let comment = "";
  let isInComment = false;
  for (const line of fs.readFileSync(join(unitFolder, file), "utf8").split("\n")) {
    const directive = /^([A-Z][A-Za-z]+)=(.*)$/.exec(line);
    if (line === "") comment = "";
    else if (line.startsWith("#")) comment = isInComment ? `${comment}\n${line}` : line;
    else if (/^\[[A-Z][a-z]+\]$/.test(line)) {
      section = line.slice(1, -1);
      comment = "";
    } else if (directive !== null) {
      directives.push({ section, name: directive[1] as string, value: directive[2] as string, comment });
    } else throw new Error(`${file}: ${line}`);
    isInComment = line.startsWith("#");
  }
  return directives;
}

/** The values of a directive, in their order. */
export function valuesOf(unit: readonly Directive[], name: string): readonly string[] {
  return unit.filter((directive) => directive.name === name).map(({ value }) => value);
}
